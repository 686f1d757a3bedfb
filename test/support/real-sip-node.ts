import { randomBytes } from 'node:crypto';

import {
  SipRequest,
  TimerWheel,
  TransactionEngine,
  UdpTransport,
  type ClientTransactionHandler,
  type ServerTransaction,
  type SipResponse,
} from '../../sip/index.ts';

/** A SIP peer of our own engine on a real UDP socket: it answers as a test says, and sends what a test wants. */
export class RealSipNode {
  readonly transport: UdpTransport;
  /** Every request that came in as a new transaction, OPTIONS apart. */
  readonly requests: ServerTransaction[] = [];
  /** Those with OPTIONS. */
  readonly probes: ServerTransaction[] = [];
  readonly acks: SipRequest[] = [];
  answer: (transaction: ServerTransaction) => void = respond(200);
  answerProbe: (transaction: ServerTransaction) => void = respond(200);
  readonly #engine: TransactionEngine;
  readonly #wheel: TimerWheel;

  private constructor(transport: UdpTransport, engine: TransactionEngine, wheel: TimerWheel) {
    this.transport = transport;
    this.#engine = engine;
    this.#wheel = wheel;
    engine.setUser({
      onRequest: (transaction) => {
        const probe = transaction.request.method === 'OPTIONS';
        (probe ? this.probes : this.requests).push(transaction);
        if (probe) this.answerProbe(transaction);
        else this.answer(transaction);
      },
      onCancel: () => undefined,
      onAck: (request) => this.acks.push(request),
      onStrayResponse: () => undefined,
    });
  }

  /** @param host the address to bind, at a port that the system chooses */
  static async open(host = '127.0.0.1', port = 0): Promise<RealSipNode> {
    const wheel = new TimerWheel();
    const engine = new TransactionEngine({ scheduler: wheel, random: randomBytes });
    const transport: UdpTransport = await UdpTransport.open({ host, port }, (datagram, peer) => {
      engine.receive(datagram, { transport, peer });
    });
    wheel.start();
    return new RealSipNode(transport, engine, wheel);
  }

  get port(): number {
    return this.transport.local.port;
  }

  get uri(): string {
    return `sip:${this.transport.sentBy}`;
  }

  createRequest(method: string, target: string): SipRequest {
    const request = new SipRequest(method, target);
    request.append('Max-Forwards', '70');
    request.append('From', `<sip:agent@example.com>;tag=${randomBytes(6).toString('hex')}`);
    request.append('To', `<${target}>`);
    request.append('Call-ID', randomBytes(12).toString('hex'));
    request.append('CSeq', `1 ${method}`);
    request.append('Contact', `<${this.uri}>`);
    return request;
  }

  /** Sends to a port of 127.0.0.1 and gives all responses, the final one last; none on a timeout. */
  async send(request: SipRequest, port: number): Promise<readonly SipResponse[]> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const responses: SipResponse[] = [];
    const handler: ClientTransactionHandler = {
      onResponse: (response) => {
        responses.push(response);
        if (response.status >= 200) resolve(undefined);
      },
      onTimeout: () => {
        resolve(undefined);
      },
    };
    this.#engine.request(request, { transport: this.transport, peer: { address: '127.0.0.1', port } }, handler);
    await promise;
    return responses;
  }

  /** Sends without a transaction, an ACK say. */
  sendStateless(request: SipRequest, port: number): void {
    this.#engine.sendStateless(request, { transport: this.transport, peer: { address: '127.0.0.1', port } });
  }

  async close(): Promise<void> {
    this.#engine.close();
    this.#wheel.stop();
    await this.transport.close();
  }
}

/** Answers with that status, and a To tag and Contact where they belong. */
export function respond(status: number, headers: Readonly<Record<string, string>> = {}) {
  return (transaction: ServerTransaction): void => {
    const response = transaction.request.createResponse(status);
    for (const [name, value] of Object.entries(headers)) response.set(name, value);
    transaction.respond(response);
  };
}
