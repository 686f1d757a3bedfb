import { peerKey, UdpTransport, type Peer } from '../../../sip/index.ts';
import { GatewayAssociation, type GatewayAssociationOptions } from '../association/gateway-association.ts';
import type { ChannelEnd, SecureChannel } from '../association/secure-channel.ts';
import { LocalKeepAlives } from './local-keep-alives.ts';
import { SipAdaptation } from './sip-adaptation.ts';

export interface AgentProxyOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** SIP is adapted (see {@link SipAdaptation}), other datagrams go through as they are. */
  readonly carry: 'sip' | 'datagrams';
  /** Local clients at once; another one is not served. */
  readonly maximumClients: number;
  /** How long a client may be silent, in both directions, until its association is closed. */
  readonly idleMilliseconds: number;
  readonly association: Omit<GatewayAssociationOptions, 'onMessage' | 'onUp' | 'onDown' | 'onFailure'>;
  readonly events?: AgentProxyEvents;
}

/** What becomes of the clients, for a log. */
export interface AgentProxyEvents {
  associated?(client: Peer, channel: SecureChannel, isAgain: boolean): void;
  ended?(client: Peer, end: ChannelEnd | 'unanswered' | 'idle'): void;
  failed?(client: Peer, error: unknown, waitMilliseconds: number): void;
  /** A client was not served because as many are there already. */
  refused?(client: Peer): void;
}

interface LocalClient {
  readonly peer: Peer;
  readonly association: GatewayAssociation;
  lastActive: number;
}

/**
 * Carries plain UDP of local programs over DTLS to the gateway: a program that knows neither GBA nor DTLS speaks through it
 * as the subscriber. Each local address and port is a client with an association of its own, on which the gateway sends
 * what is for that client; so responses and requests find back without anybody reading them.
 */
export class AgentProxy {
  readonly counters = {
    /** Datagrams of clients that were not served. */
    refusedClients: 0,
    keepAlives: 0,
  };
  readonly #options: AgentProxyOptions;
  readonly #clients = new Map<string, LocalClient>();
  readonly #keepAlives = new LocalKeepAlives();
  readonly #sweep: NodeJS.Timeout;
  #udp: UdpTransport | undefined;
  #adaptation: SipAdaptation | undefined;
  #closed = false;

  private constructor(options: AgentProxyOptions) {
    this.#options = options;
    this.#sweep = setInterval(
      () => {
        this.#closeIdle();
      },
      Math.max(10, Math.min(options.idleMilliseconds / 4, 10_000)),
    );
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async open(options: AgentProxyOptions): Promise<AgentProxy> {
    const proxy = new AgentProxy(options);
    try {
      const udp = await UdpTransport.open({ host: options.host, port: options.port }, (datagram, source) => {
        proxy.#receive(datagram, source);
      });
      proxy.#udp = udp;
      if (options.carry === 'sip') proxy.#adaptation = new SipAdaptation(udp.local);
    } catch (error) {
      clearInterval(proxy.#sweep);
      throw error;
    }
    return proxy;
  }

  /** Where local clients reach it. */
  get local(): Peer {
    return this.#udp?.local ?? { address: this.#options.host, port: 0 };
  }

  get size(): number {
    return this.#clients.size;
  }

  /** What the associations of all clients that are there have counted. */
  associationCounters(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { association } of this.#clients.values()) {
      for (const [name, value] of Object.entries(association.counters)) sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweep);
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map(({ association }) => association.close()));
    await this.#udp?.close();
  }

  #receive(datagram: Buffer, source: Peer): void {
    if (this.#closed) return;
    if (this.#adaptation !== undefined) {
      // Between client and proxy there is no NAT, and what the gateway has to answer is asked by the association itself.
      const answer = this.#keepAlives.take(datagram, source);
      if (answer !== undefined) {
        this.counters.keepAlives++;
        if (answer.length > 0) this.#udp?.send(answer, source);
        return;
      }
    }
    const client = this.#clients.get(peerKey(source)) ?? this.#add(source);
    if (client === undefined) return;
    client.lastActive = performance.now();
    client.association.send(this.#adaptation?.toGateway(datagram) ?? datagram);
  }

  #add(peer: Peer): LocalClient | undefined {
    const { maximumClients, association, events } = this.#options;
    if (this.#clients.size >= maximumClients) {
      this.counters.refusedClients++;
      events?.refused?.(peer);
      return undefined;
    }
    const client: LocalClient = {
      peer,
      lastActive: performance.now(),
      association: new GatewayAssociation({
        ...association,
        onMessage: (datagram) => {
          client.lastActive = performance.now();
          this.#udp?.send(this.#adaptation?.toClient(datagram) ?? datagram, peer);
        },
        onUp: (channel, isAgain) => {
          events?.associated?.(peer, channel, isAgain);
        },
        onDown: (end) => {
          events?.ended?.(peer, end);
        },
        onFailure: (error, wait) => {
          events?.failed?.(peer, error, wait);
        },
      }),
    };
    this.#clients.set(peerKey(peer), client);
    return client;
  }

  #closeIdle(): void {
    const oldest = performance.now() - this.#options.idleMilliseconds;
    for (const [key, { peer, association, lastActive }] of this.#clients) {
      if (lastActive > oldest) continue;
      this.#clients.delete(key);
      this.#options.events?.ended?.(peer, 'idle');
      // A new datagram of the client makes a new association; nobody waits for the end of this one.
      void association.close();
    }
  }
}
