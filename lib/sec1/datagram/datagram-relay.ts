import { createSocket, type Socket } from 'node:dgram';

import type { Peer } from '../../../sip/index.ts';
import type { AssociationPeer, ChannelUser } from '../dtls/index.ts';
import { formatProxyHeader } from './proxy-protocol.ts';
import { proxyHeaderOf } from './proxy-header-of.ts';

export interface DatagramRelayOptions {
  /** The name of the listener. */
  readonly name: string;
  /** Where associations come in. */
  readonly local: Peer;
  /** Where their datagrams go. */
  readonly target: Peer;
  /** Which datagrams of a flow have a PROXY protocol header in front. */
  readonly proxyProtocol: 'none' | 'first' | 'every';
  readonly maximumFlows: number;
  readonly flowIdleMilliseconds: number;
  readonly maximumDatagramBytes: number;
}

/** How often idle flows are looked for, at the most: flows live a little longer than they are idle. */
const SHORTEST_SWEEP_MILLISECONDS = 250;

/**
 * Takes what comes by the associations of a listener to a UDP server, and brings back what that answers. Each association has a
 * socket of its own towards the server, so that the server tells the clients apart by address and port as it always did.
 */
export class DatagramRelay implements ChannelUser {
  readonly counters = {
    forwarded: 0,
    returned: 0,
    flowsOpened: 0,
    flowsRefused: 0,
    flowsIdle: 0,
    tooLarge: 0,
    strange: 0,
    sendErrors: 0,
    notReturned: 0,
  };
  readonly #options: DatagramRelayOptions;
  readonly #flows = new Map<number, InsideFlow>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: DatagramRelayOptions) {
    this.#options = options;
    this.#sweeper = setInterval(
      () => {
        this.#sweep();
      },
      Math.max(SHORTEST_SWEEP_MILLISECONDS, options.flowIdleMilliseconds / 4),
    ).unref();
  }

  /** Flows at the moment. */
  get size(): number {
    return this.#flows.size;
  }

  /** The socket opens with the first datagram. */
  onOpened(): boolean {
    return true;
  }

  onMessage(data: Buffer, peer: AssociationPeer): void {
    if (data.length > this.#options.maximumDatagramBytes) {
      this.counters.tooLarge++;
      return;
    }
    const flow = this.#flows.get(peer.association) ?? this.#open(peer);
    if (flow === undefined) return;
    flow.lastUsed = performance.now();
    const { proxyProtocol, target } = this.#options;
    let datagram = data;
    if (proxyProtocol === 'every' || (proxyProtocol === 'first' && flow.isNew)) {
      flow.header ??= formatProxyHeader(proxyHeaderOf(peer, this.#options));
      datagram = Buffer.concat([flow.header, data]);
    }
    flow.isNew = false;
    this.counters.forwarded++;
    flow.socket.send(datagram, target.port, target.address, this.#onSent);
  }

  /** The next header names the address where the client is now. */
  onMoved(peer: AssociationPeer): void {
    const flow = this.#flows.get(peer.association);
    if (flow !== undefined) flow.header = undefined;
  }

  onClosed(peer: AssociationPeer): void {
    this.#close(peer.association);
  }

  stop(): void {
    clearInterval(this.#sweeper);
    for (const association of [...this.#flows.keys()]) this.#close(association);
  }

  #open(peer: AssociationPeer): InsideFlow | undefined {
    const { maximumFlows, target } = this.#options;
    if (this.#flows.size >= maximumFlows) {
      this.counters.flowsRefused++;
      return undefined;
    }
    const socket = createSocket({
      type: target.address.includes(':') ? 'udp6' : 'udp4',
      // The target is an address already.
      lookup: (address, _family, found) => {
        found(null, address, address.includes(':') ? 6 : 4);
      },
    });
    socket.on('message', (datagram, source) => {
      this.#return(datagram, source, flow);
    });
    // Too many open files, or a route that has gone: the flow ends, the association and all others go on.
    socket.on('error', () => {
      this.counters.sendErrors++;
      this.#close(peer.association);
    });
    const flow: InsideFlow = { peer, socket, lastUsed: 0, isNew: true, header: undefined };
    this.#flows.set(peer.association, flow);
    this.counters.flowsOpened++;
    return flow;
  }

  #return(datagram: Buffer, source: Peer, flow: InsideFlow): void {
    const { target, maximumDatagramBytes } = this.#options;
    if (source.port !== target.port || source.address !== target.address) {
      this.counters.strange++;
      return;
    }
    if (datagram.length > maximumDatagramBytes) {
      this.counters.tooLarge++;
      return;
    }
    flow.lastUsed = performance.now();
    if (flow.peer.dtls.send(datagram)) this.counters.returned++;
    else this.counters.notReturned++;
  }

  #sweep(): void {
    const oldest = performance.now() - this.#options.flowIdleMilliseconds;
    for (const [association, { lastUsed }] of this.#flows) {
      if (lastUsed > oldest) continue;
      this.counters.flowsIdle++;
      this.#close(association);
    }
  }

  #close(association: number): void {
    const flow = this.#flows.get(association);
    if (flow === undefined) return;
    this.#flows.delete(association);
    flow.socket.close();
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.counters.sendErrors++;
  };
}

interface InsideFlow {
  readonly peer: AssociationPeer;
  readonly socket: Socket;
  /** Milliseconds of the monotonic clock. */
  lastUsed: number;
  /** True until the first datagram has gone. */
  isNew: boolean;
  header: Buffer | undefined;
}
