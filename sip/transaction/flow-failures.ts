import type { Scheduler } from '../scheduler.ts';
import { peerKey, type Flow, type Transport } from '../transport/index.ts';

/** A client transaction, as far as a failed flow concerns it. */
export interface FlowClient {
  readonly flow: Flow;
  transportError(): void;
}

/** Unreachable peers are looked up in all transactions at once, so that many of them cost no more than one. */
const COLLECT_MILLISECONDS = 50;

/**
 * Tells client transactions that their flow failed (RFC 3261 17.1.4). Those over connections are kept by connection, for a
 * connection that fails takes exactly those along that used it; those over datagrams, which hardly ever hear of a
 * failure, are looked for when it comes.
 */
export class FlowFailures {
  readonly #scheduler: Scheduler;
  readonly #clients: { values(): FlowClient[] };
  readonly #byConnection = new Map<Transport, Map<string, Set<FlowClient>>>();
  readonly #onTold: () => void;
  #unreachable: Map<Transport, Set<string>> | undefined;

  /**
   * @param clients every client transaction there is
   * @param onTold called for each one that is told
   */
  constructor(scheduler: Scheduler, clients: { values(): FlowClient[] }, onTold: () => void) {
    this.#scheduler = scheduler;
    this.#onTold = onTold;
    this.#clients = clients;
  }

  /** Notes a transaction that begins; for datagrams nothing is noted. */
  began(client: FlowClient): void {
    const { transport, peer } = client.flow;
    if (!transport.reliable) return;
    const ofTransport = this.#byConnection.get(transport) ?? new Map<string, Set<FlowClient>>();
    if (ofTransport.size === 0) this.#byConnection.set(transport, ofTransport);
    const key = peerKey(peer);
    const ofConnection = ofTransport.get(key);
    if (ofConnection === undefined) ofTransport.set(key, new Set([client]));
    else ofConnection.add(client);
  }

  ended(client: FlowClient): void {
    const { transport, peer } = client.flow;
    if (!transport.reliable) return;
    const ofTransport = this.#byConnection.get(transport);
    const key = peerKey(peer);
    const ofConnection = ofTransport?.get(key);
    ofConnection?.delete(client);
    if (ofConnection?.size === 0) ofTransport?.delete(key);
  }

  failed({ transport, peer }: Flow): void {
    if (transport.reliable) {
      this.#tell([...(this.#byConnection.get(transport)?.get(peerKey(peer)) ?? [])]);
      return;
    }
    if (this.#unreachable === undefined) {
      this.#unreachable = new Map();
      this.#scheduler.schedule(COLLECT_MILLISECONDS, tell, this);
    }
    const peers = this.#unreachable.get(transport);
    if (peers === undefined) this.#unreachable.set(transport, new Set([peerKey(peer)]));
    else peers.add(peerKey(peer));
  }

  tellUnreachable(): void {
    const unreachable = this.#unreachable;
    this.#unreachable = undefined;
    if (unreachable === undefined) return;
    const concerned = this.#clients
      .values()
      .filter(({ flow }) => unreachable.get(flow.transport)?.has(peerKey(flow.peer)) === true);
    this.#tell(concerned);
  }

  #tell(clients: readonly FlowClient[]): void {
    for (const client of clients) {
      this.#onTold();
      client.transportError();
    }
  }
}

function tell(failures: FlowFailures): void {
  failures.tellUnreachable();
}
