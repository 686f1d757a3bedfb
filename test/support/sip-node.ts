import {
  SipRequest,
  TransactionEngine,
  type ClientTransaction,
  type ClientTransactionHandler,
  type Flow,
  type Peer,
  type ServerTransaction,
  type SipResponse,
  type TransactionLimits,
  type TransactionUser,
  type Transport,
  type TransportProtocol,
} from '../../sip/index.ts';
import type { MemoryNetwork } from './memory-network.ts';
import type { VirtualScheduler } from './virtual-scheduler.ts';

/** A transaction engine on the in-memory network that notes all it hears. */
export class SipNode implements TransactionUser {
  readonly engine: TransactionEngine;
  readonly transport: Transport;
  readonly requests: ServerTransaction[] = [];
  readonly cancelled: ServerTransaction[] = [];
  readonly acks: SipRequest[] = [];
  readonly stray: SipResponse[] = [];
  /** Every datagram that came in, as text. */
  readonly datagrams: string[] = [];
  onServerTransaction: ((transaction: ServerTransaction) => void) | undefined;
  #branch = 0;

  constructor(
    network: MemoryNetwork,
    scheduler: VirtualScheduler,
    port: number,
    limits?: TransactionLimits,
    protocol: TransportProtocol = 'UDP',
  ) {
    this.engine = new TransactionEngine({
      scheduler,
      random: (octets) => {
        const buffer = Buffer.alloc(octets);
        for (let offset = 0; offset + 8 <= octets; offset += 4) {
          buffer.writeUInt32BE(Math.imul(port * 65_537 + ++this.#branch, 0x9e3779b1) >>> 0, offset);
        }
        return buffer;
      },
      user: this,
      ...(limits === undefined ? {} : { limits }),
    });
    const onDatagram = (datagram: Buffer, peer: Peer, transport: Transport): void => {
      this.datagrams.push(datagram.toString('latin1'));
      this.engine.receive(datagram, { transport, peer });
    };
    this.transport = network.open(port, onDatagram, protocol);
  }

  flowTo(other: SipNode): Flow {
    return { transport: this.transport, peer: other.transport.local };
  }

  /** How many datagrams with that first line came in. */
  count(start: string): number {
    return this.datagrams.filter((datagram) => datagram.startsWith(start)).length;
  }

  send(request: SipRequest, to: SipNode): Outcome {
    const outcome = new Outcome();
    outcome.transaction = this.engine.request(request, this.flowTo(to), outcome);
    return outcome;
  }

  onRequest(transaction: ServerTransaction): void {
    this.requests.push(transaction);
    this.onServerTransaction?.(transaction);
  }

  onCancel(invite: ServerTransaction): void {
    this.cancelled.push(invite);
  }

  onAck(request: SipRequest): void {
    this.acks.push(request);
  }

  onStrayResponse(response: SipResponse): void {
    this.stray.push(response);
  }
}

/** What became of a client transaction. */
export class Outcome implements ClientTransactionHandler {
  readonly statuses: number[] = [];
  readonly responses: SipResponse[] = [];
  timeouts = 0;
  transportErrors = 0;
  transaction: ClientTransaction | undefined;

  onResponse(response: SipResponse): void {
    this.statuses.push(response.status);
    this.responses.push(response);
  }

  onTimeout(): void {
    this.timeouts++;
  }

  onTransportError(): void {
    this.transportErrors++;
  }
}

let calls = 0;

export function makeRequest(method: string, uri = 'sip:bob@example.com'): SipRequest {
  const request = new SipRequest(method, uri);
  request.append('Max-Forwards', '70');
  request.append('From', '<sip:alice@example.com>;tag=a');
  request.append('To', '<sip:bob@example.com>');
  request.append('Call-ID', `call-${++calls}`);
  request.append('CSeq', `1 ${method}`);
  return request;
}
