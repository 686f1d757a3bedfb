import { randomBytes } from 'node:crypto';

import {
  answerChallenge,
  formatHost,
  parseMessage,
  SipRequest,
  SipResponse,
  TcpTransport,
  UdpTransport,
  type Flow,
  type Peer,
  type Transport,
  type TransportProtocol,
} from '../../sip/index.ts';
import { ScenarioError } from './errors.ts';
import type { Credentials } from './raw-agent.ts';

/** A request that came in, and how. */
export interface ReceivedRequest {
  readonly request: SipRequest;
  readonly protocol: TransportProtocol;
  readonly flow: Flow;
}

/** A user agent or server on UDP and TCP at one port, without transactions: it sends once, and answers what comes. */
export class SipPeer {
  readonly received: ReceivedRequest[] = [];
  readonly transports: readonly Transport[];
  /** Makes the answer to a request; 200 where absent, and none to an ACK. */
  answer: ((request: SipRequest) => SipResponse | undefined) | undefined;
  /** What its Contact says; the address that it is bound to where absent. */
  contact: string | undefined;
  /** Ends its Via. */
  viaParameters = '';
  /** A Via below its own, as if it were a proxy. */
  viaBelow: string | undefined;
  readonly #responses: { readonly response: SipResponse; readonly protocol: TransportProtocol }[] = [];

  private constructor(transports: readonly Transport[]) {
    this.transports = transports;
  }

  static async open(
    protocols: readonly TransportProtocol[] = ['UDP', 'TCP'],
    host = '127.0.0.1',
    port = 0,
  ): Promise<SipPeer> {
    const opened: Transport[] = [];
    const peer = new SipPeer(opened);
    if (protocols.includes('TCP')) {
      const tcp: TcpTransport = await TcpTransport.open(
        { host, port },
        {
          onMessage: (message, source) => {
            peer.#receive(message, { transport: tcp, peer: source });
          },
          onClosed: () => undefined,
        },
      );
      opened.push(tcp);
    }
    if (protocols.includes('UDP')) {
      const udp: UdpTransport = await UdpTransport.open(
        { host, port: opened[0]?.local.port ?? port },
        (datagram, source) => {
          peer.#receive(datagram, { transport: udp, peer: source });
        },
      );
      opened.push(udp);
    }
    return peer;
  }

  get port(): number {
    return this.transports[0]?.local.port ?? 0;
  }

  get address(): string {
    return this.transports[0]?.local.address ?? '';
  }

  transport(protocol: TransportProtocol): Transport {
    const found = this.transports.find((transport) => transport.protocol === protocol);
    if (found === undefined) throw new ScenarioError(`no ${protocol} here`);
    return found;
  }

  /** A request with all that it needs but credentials and Via. */
  createRequest(method: string, target: string, from: string): SipRequest {
    const request = new SipRequest(method, target);
    request.append('Max-Forwards', '70');
    request.append('From', `<${from}>;tag=${randomBytes(6).toString('hex')}`);
    request.append('To', `<${target}>`);
    request.append('Call-ID', randomBytes(12).toString('hex'));
    request.append('CSeq', `0 ${method}`);
    request.append('Contact', this.contact ?? `<sip:${formatHost(this.address)}:${this.port}>`);
    return request;
  }

  /** Sends a request, each time as a new transaction, and gives its final response. */
  async send(request: SipRequest, to: Peer, protocol: TransportProtocol, timeout = 5000): Promise<SipResponse> {
    const branch = this.start(request, to, protocol);
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.#responses.find(
        ({ response }) => response.topVia?.branch === branch && response.status >= 200,
      );
      if (found !== undefined) return found.response;
      if (Date.now() > deadline) throw new ScenarioError(`no answer to ${request.method} over ${protocol}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Sends a request and waits for nothing; gives the branch of its transaction. */
  start(request: SipRequest, to: Peer, protocol: TransportProtocol): string {
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const transport = this.transport(protocol);
    request.set('Via', `SIP/2.0/${protocol} ${transport.sentBy};branch=${branch};rport${this.viaParameters}`);
    if (this.viaBelow !== undefined) request.append('Via', this.viaBelow);
    if (request.method !== 'ACK') request.set('CSeq', `${request.cseq.sequence + 1} ${request.method}`);
    transport.send(request.toBuffer(), to);
    return branch;
  }

  /** Sends a request, answers its challenge, and gives the final response to that. */
  async sendWith(
    request: SipRequest,
    credentials: Credentials,
    to: Peer,
    protocol: TransportProtocol,
  ): Promise<SipResponse> {
    const challenge = await this.send(request, to, protocol);
    const answer = answerChallenge({
      challenges: challenge.headers('Proxy-Authenticate'),
      ...credentials,
      method: request.method,
      uri: request.uri,
      body: request.body,
      cnonce: randomBytes(8).toString('hex'),
    });
    if (answer === undefined) throw new ScenarioError(`no challenge that can be answered: ${challenge.status}`);
    request.set('Proxy-Authorization', answer.credentials);
    return this.send(request, to, protocol);
  }

  /** The first request with that Call-ID, method and sender that has come or comes. */
  async waitFor(accept: (received: ReceivedRequest) => boolean, timeout = 5000): Promise<ReceivedRequest> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.received.find(accept);
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new ScenarioError('no such request came');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
  }

  #receive(message: Buffer, flow: Flow): void {
    const result = parseMessage(message);
    if (!result.ok) return;
    const { protocol } = flow.transport;
    if (result.message instanceof SipResponse) {
      this.#responses.push({ response: result.message, protocol });
      return;
    }
    const request = result.message;
    this.received.push({ request, protocol, flow });
    if (request.method === 'ACK') return;
    const response = this.answer === undefined ? request.createResponse(200) : this.answer(request);
    if (response !== undefined) flow.transport.send(response.toBuffer(), flow.peer);
  }
}
