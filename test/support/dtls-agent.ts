import { randomBytes } from 'node:crypto';

import { connect, type DtlsAssociation, type DtlsConnectOptions } from '../../dtls/index.ts';
import { parseMessage, SipRequest, SipResponse } from '../../sip/index.ts';

/** A user agent over one DTLS association, without transactions: it sends once, and answers 200 to what comes. */
export class DtlsAgent {
  readonly requests: SipRequest[] = [];
  readonly responses: SipResponse[] = [];
  /** Whatever came that is no SIP message. */
  readonly other: Buffer[] = [];
  readonly association: DtlsAssociation;
  /** Why the association ended. */
  closed: string | undefined;
  /** Added to the sent-by of its Via. */
  via = '192.0.2.1:5061';

  private constructor(association: DtlsAssociation) {
    this.association = association;
    association.on('message', (data) => {
      this.#receive(data);
    });
    association.on('close', (reason) => {
      this.closed = reason;
    });
  }

  static async connect(options: DtlsConnectOptions): Promise<DtlsAgent> {
    return new DtlsAgent(await connect(options));
  }

  createRequest(method: string, target: string, from: string): SipRequest {
    const request = new SipRequest(method, target);
    request.append('Max-Forwards', '70');
    request.append('From', `<${from}>;tag=${randomBytes(6).toString('hex')}`);
    request.append('To', `<${target}>`);
    request.append('Call-ID', randomBytes(12).toString('hex'));
    request.append('CSeq', `1 ${method}`);
    request.append('Contact', `<sip:agent@${this.via};transport=dtls-udp>`);
    request.append('Via', this.newVia());
    return request;
  }

  newVia(): string {
    return `SIP/2.0/DTLS-UDP ${this.via};branch=z9hG4bK${randomBytes(8).toString('hex')};rport`;
  }

  /** Sends a request and gives its final response. */
  async send(request: SipRequest, timeout = 5000): Promise<SipResponse> {
    const branch = request.topVia?.branch;
    if (!this.association.send(request.toBuffer())) throw new Error(`cannot be sent (${this.closed ?? 'open'})`);
    return waitFor(
      `an answer to ${request.method}`,
      () => this.responses.find(({ topVia, status }) => topVia?.branch === branch && status >= 200),
      timeout,
    );
  }

  async message(from: string, to = 'sip:bob@example.com', edit?: (request: SipRequest) => void): Promise<SipResponse> {
    const request = this.createRequest('MESSAGE', to, from);
    edit?.(request);
    return this.send(request);
  }

  async close(): Promise<void> {
    await this.association.close();
  }

  #receive(data: Buffer): void {
    const result = parseMessage(data);
    if (!result.ok) this.other.push(data);
    else if (result.message instanceof SipResponse) this.responses.push(result.message);
    else {
      this.requests.push(result.message);
      if (result.message.method !== 'ACK') this.association.send(result.message.createResponse(200).toBuffer());
    }
  }
}

/** Polls until there is something. */
export async function waitFor<T>(what: string, look: () => T | undefined, timeout = 5000): Promise<T> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
