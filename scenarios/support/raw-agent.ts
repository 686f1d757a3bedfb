import { randomBytes } from 'node:crypto';

import { answerChallenge, parseMessage, SipRequest, SipResponse, UdpTransport, type Peer } from '../../sip/index.ts';
import { ScenarioError } from './errors.ts';

export interface Credentials {
  /** The B-TID. */
  readonly username: string;
  readonly password: string;
}

/** A SIP client without manners: it sends what it is told, for the requests that a well-behaved one never makes. */
export class RawAgent {
  /** Requests that came in; each was answered 200. */
  readonly requests: SipRequest[] = [];
  readonly #udp: UdpTransport;
  readonly #gateway: Peer;
  readonly #responses: SipResponse[] = [];
  #arrived: (() => void) | undefined;

  private constructor(udp: UdpTransport, gateway: Peer) {
    this.#udp = udp;
    this.#gateway = gateway;
  }

  /** @param port to send from; a free one where absent */
  static async open(gateway: Peer, port = 0): Promise<RawAgent> {
    const holder: { agent?: RawAgent } = {};
    const udp = await UdpTransport.open({ host: '127.0.0.1', port }, (datagram) => {
      holder.agent?.receive(datagram);
    });
    holder.agent = new RawAgent(udp, gateway);
    return holder.agent;
  }

  /** The UDP port that it sends from. */
  get port(): number {
    return this.#udp.local.port;
  }

  /** A request with all that it needs but credentials. */
  createRequest(method: string, target: string, from: string): SipRequest {
    const request = new SipRequest(method, target);
    request.append('Via', this.#newVia());
    request.append('Max-Forwards', '70');
    request.append('From', `<${from}>;tag=${randomBytes(6).toString('hex')}`);
    request.append('To', `<${target}>`);
    request.append('Call-ID', randomBytes(12).toString('hex'));
    request.append('CSeq', `1 ${method}`);
    request.append('Contact', `<sip:${this.#udp.sentBy}>`);
    return request;
  }

  /** Sends once and gives the final response to that transaction. */
  async send(request: SipRequest, timeout = 5000): Promise<SipResponse> {
    const branch = request.topVia?.branch;
    this.#udp.send(request.toBuffer(), this.#gateway);
    const deadline = Date.now() + timeout;
    for (;;) {
      const index = this.#responses.findIndex(
        (response) => response.topVia?.branch === branch && response.status >= 200,
      );
      const [response] = index < 0 ? [] : this.#responses.splice(index, 1);
      if (response !== undefined) return response;
      const left = deadline - Date.now();
      if (left <= 0) throw new ScenarioError(`no answer to ${request.method}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits until so many requests have come in. */
  async waitForRequests(count: number, timeout = 15_000): Promise<void> {
    const deadline = Date.now() + timeout;
    while (this.requests.length < count) {
      if (Date.now() > deadline) throw new ScenarioError(`${this.requests.length} requests came, not ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Makes `request` the next try: new branch, next CSeq, and the answer to the challenge in `response`. */
  answer(
    request: SipRequest,
    response: SipResponse,
    credentials: Credentials,
    changes: { readonly nonceCount?: number } = {},
  ): SipRequest {
    const proxy = response.status === 407;
    const next = this.again(request);
    const answer = answerChallenge({
      challenges: response.headers(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'),
      ...credentials,
      method: request.method,
      uri: request.uri,
      body: request.body,
      cnonce: randomBytes(8).toString('hex'),
      ...changes,
    });
    if (answer === undefined) throw new ScenarioError('no challenge that can be answered');
    next.set(proxy ? 'Proxy-Authorization' : 'Authorization', answer.credentials);
    return next;
  }

  /** The same request as a new transaction: new branch, next CSeq. */
  again(request: SipRequest): SipRequest {
    const next = request.clone();
    next.set('Via', this.#newVia());
    next.set('CSeq', `${request.cseq.sequence + 1} ${request.method}`);
    return next;
  }

  async close(): Promise<void> {
    await this.#udp.close();
  }

  private receive(datagram: Buffer): void {
    const result = parseMessage(datagram);
    if (!result.ok) return;
    const { message } = result;
    if (message instanceof SipResponse) {
      this.#responses.push(message);
    } else {
      this.requests.push(message);
      this.#udp.send(message.createResponse(200).toBuffer(), this.#gateway);
    }
    this.#arrived?.();
  }

  #newVia(): string {
    return `SIP/2.0/UDP ${this.#udp.sentBy};branch=z9hG4bK${randomBytes(8).toString('hex')};rport`;
  }
}
