import { parseNameAddress, parseUri, SipRequest, type SipResponse, type SipUri } from '../../sip/index.ts';

/** The notifier's side of a dialog (RFC 3261 12.1.1): enough to send requests in it. */
export class Dialog {
  readonly id: string;
  readonly #localTag: string;
  readonly #request: SipRequest;
  readonly #contact: string;
  readonly #routeSet: readonly string[];
  #remoteTarget: string;
  #localSequence = 0;
  #remoteSequence: number;

  /** @param contact our own Contact URI */
  constructor(request: SipRequest, localTag: string, contact: string) {
    this.#request = request;
    this.#localTag = localTag;
    this.#contact = contact;
    this.#routeSet = request.values('Record-Route');
    this.#remoteTarget = contactUri(request) ?? request.from.uri;
    this.#remoteSequence = request.cseq.sequence;
    this.id = `${request.callId} ${localTag}`;
  }

  /** The dialog that an in-dialog request names. */
  static idOf(request: SipRequest): string {
    return `${request.callId} ${request.to.parameters.get('tag') ?? ''}`;
  }

  /** Takes a target refresh in; false for a request that is older than the last one (RFC 3261 12.2.2). */
  receive(request: SipRequest): boolean {
    if (request.cseq.sequence <= this.#remoteSequence) return false;
    this.#remoteSequence = request.cseq.sequence;
    this.#remoteTarget = contactUri(request) ?? this.#remoteTarget;
    return true;
  }

  /** A response to `request` that belongs to this dialog. */
  response(request: SipRequest, status: number): SipResponse {
    const response = request.createResponse(status, undefined, { toTag: this.#localTag });
    response.set('Contact', `<${this.#contact}>`);
    return response;
  }

  /** A new request in the dialog; where it goes first is {@link nextHop}. */
  createRequest(method: string): SipRequest {
    const { from, to, callId } = this.#request;
    this.#localSequence++;
    const request = new SipRequest(method, this.#remoteTarget);
    request.append('Max-Forwards', '70');
    for (const route of this.#routeSet) request.append('Route', route);
    request.append('From', `<${to.uri}>;tag=${this.#localTag}`);
    const remoteTag = from.parameters.get('tag');
    request.append('To', `<${from.uri}>${remoteTag === undefined ? '' : `;tag=${remoteTag}`}`);
    request.append('Call-ID', callId);
    request.append('CSeq', `${this.#localSequence} ${method}`);
    request.append('Contact', `<${this.#contact}>`);
    return request;
  }

  /** The first Route entry, else the remote target (loose routing, RFC 3261 12.2.1.1). */
  nextHop(): SipUri | undefined {
    const [route] = this.#routeSet;
    const uri = parseUri(route === undefined ? this.#remoteTarget : (parseNameAddress(route)?.uri ?? ''));
    return uri !== undefined && 'host' in uri ? uri : undefined;
  }
}

function contactUri(request: SipRequest): string | undefined {
  const contact = request.values('Contact')[0];
  return contact === undefined ? undefined : parseNameAddress(contact)?.uri;
}
