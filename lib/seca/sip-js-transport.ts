import { EmitterImpl, TransportState, type Transport } from 'sip.js';

import { DEFAULT_TIMERS, SipResponse, parseMessage } from '../../sip/index.ts';
import type { DatagramCarrier } from './datagram-carrier.ts';

/** A request that waits for its first response. */
interface Retransmission {
  readonly timer: NodeJS.Timeout;
}

/**
 * SIP in datagrams for sip.js, which knows WebSocket only. Its transactions leave retransmission to a reliable transport, so
 * this one does it, over UDP and over DTLS alike: timers A and E of RFC 3261 17.1, until a response with the same branch
 * comes or timer F is over.
 */
export class SipJsTransport implements Transport {
  /** The token that sip.js writes into Via. */
  readonly protocol: string;
  readonly stateChange = new EmitterImpl<TransportState>();
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  /** The gateway may know no way to us any more: what has to last must be said again. */
  onNewWay: (() => void) | undefined;
  readonly #carrier: DatagramCarrier;
  readonly #waiting = new Map<string, Retransmission>();
  readonly #challenges = new Map<string, readonly string[]>();
  #state: TransportState = TransportState.Disconnected;

  constructor(carrier: DatagramCarrier) {
    this.#carrier = carrier;
    this.protocol = carrier.protocol;
  }

  get state(): TransportState {
    return this.#state;
  }

  /** The bound address and port, as Via and Contact say them. */
  get sentBy(): string {
    return this.#carrier.sentBy;
  }

  /**
   * The challenges that came last for a Call-ID, in their order. sip.js shows its digest the first one only, and drops
   * algorithms that it does not know.
   */
  takeChallenges(callId: string): readonly string[] {
    const challenges = this.#challenges.get(callId) ?? [];
    this.#challenges.delete(callId);
    return challenges;
  }

  /** @throws what {@link DatagramCarrier.open} throws */
  async connect(): Promise<void> {
    if (this.#state !== TransportState.Disconnected) return;
    this.#moveTo(TransportState.Connecting);
    await this.#carrier.open({
      onMessage: (datagram) => {
        this.#receive(datagram);
      },
      onNewWay: () => {
        this.onNewWay?.();
      },
    });
    this.#moveTo(TransportState.Connected);
    this.onConnect?.();
  }

  async disconnect(): Promise<void> {
    if (this.#state === TransportState.Disconnected) return;
    this.#moveTo(TransportState.Disconnecting);
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#challenges.clear();
    await this.#carrier.close();
    this.#moveTo(TransportState.Disconnected);
    this.onDisconnect?.();
  }

  async dispose(): Promise<void> {
    await this.disconnect();
  }

  isConnected(): boolean {
    return this.#state === TransportState.Connected;
  }

  async send(message: string): Promise<void> {
    const bytes = Buffer.from(message, 'utf8');
    this.#carrier.send(bytes);
    const result = parseMessage(bytes);
    if (!result.ok || result.message instanceof SipResponse || result.message.method === 'ACK') return;
    const { method, topVia } = result.message;
    this.#retransmitLater(key(topVia?.branch, method), bytes, method === 'INVITE', DEFAULT_TIMERS.t1, 0);
  }

  #receive(datagram: Buffer): void {
    const result = parseMessage(datagram);
    // What the gateway sends malformed is dropped, as by any transaction layer.
    if (!result.ok) return;
    const { message } = result;
    if (message instanceof SipResponse) {
      const { method } = message.cseq;
      const challenges = [...message.headers('WWW-Authenticate'), ...message.headers('Proxy-Authenticate')];
      if (challenges.length > 0) this.#challenges.set(message.callId, challenges);
      if (message.status >= 200 || method === 'INVITE') this.#answered(key(message.topVia?.branch, method));
    }
    this.onMessage?.(datagram.toString('utf8'));
  }

  #retransmitLater(id: string, bytes: Buffer, doubling: boolean, delay: number, elapsed: number): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      const passed = elapsed + delay;
      if (passed >= 64 * DEFAULT_TIMERS.t1) return;
      this.#carrier.send(bytes);
      const next = doubling ? delay * 2 : Math.min(delay * 2, DEFAULT_TIMERS.t2);
      this.#retransmitLater(id, bytes, doubling, next, passed);
    }, delay);
    this.#waiting.set(id, { timer });
  }

  #answered(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
  }

  #moveTo(state: TransportState): void {
    this.#state = state;
    this.stateChange.emit(state);
  }
}

function key(branch: string | undefined, method: string): string {
  return `${method} ${branch ?? ''}`;
}
