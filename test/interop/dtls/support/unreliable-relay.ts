import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { DirectionRules, type Fate, type RelayRules } from './relay-rules.ts';

/** A relay carries no more than this, whatever its two ends do to each other. */
const MOST_DATAGRAMS = 20_000;

/** A datagram that is to come behind the next one does not wait for ever when none follows. */
const REORDER_MILLISECONDS = 40;

/** A bad network between clients and one server, UDP on loopback, harmful by seed. */
export class UnreliableRelay {
  /** What became of the datagrams of both directions together. */
  readonly counts: Record<Fate, number> = { pass: 0, lose: 0, 'too-large': 0, duplicate: 0, reorder: 0, corrupt: 0 };
  /** The largest datagram that came from the server. */
  largestFromServer = 0;
  largestFromClient = 0;
  readonly #serverPort: number;
  readonly #outer: Socket;
  readonly #inner = new Map<number, Socket>();
  readonly #fromClient: DirectionRules;
  readonly #toClient: DirectionRules;
  readonly #timers = new Set<NodeJS.Timeout>();
  #carried = 0;
  #closed = false;

  private constructor(serverPort: number, outer: Socket, rules: RelayRules) {
    this.#serverPort = serverPort;
    this.#outer = outer;
    this.#fromClient = new DirectionRules(rules, 'from client');
    this.#toClient = new DirectionRules(rules, 'to client');
  }

  static async open(serverPort: number, rules: RelayRules): Promise<UnreliableRelay> {
    const outer = await boundSocket();
    const relay = new UnreliableRelay(serverPort, outer, rules);
    outer.on('message', (datagram, { port }) => {
      void relay.#takeFromClient(datagram, port);
    });
    return relay;
  }

  /** Where clients send to. */
  get port(): number {
    return this.#outer.address().port;
  }

  /** Every client is seen at a new port from now on, as after a NAT has forgotten it; what goes to the old one is lost. */
  async rebind(): Promise<void> {
    for (const [clientPort, old] of [...this.#inner]) {
      this.#inner.set(clientPort, await this.#innerSocket(clientPort));
      old.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of [this.#outer, ...this.#inner.values()]) socket.close();
  }

  async #takeFromClient(datagram: Buffer, clientPort: number): Promise<void> {
    this.largestFromClient = Math.max(this.largestFromClient, datagram.length);
    if (!this.#inner.has(clientPort)) {
      const socket = await this.#innerSocket(clientPort);
      if (this.#inner.has(clientPort) || this.#closed) socket.close();
      else this.#inner.set(clientPort, socket);
    }
    this.#carry(datagram, this.#fromClient, (octets) => {
      this.#inner.get(clientPort)?.send(octets, this.#serverPort, '127.0.0.1');
    });
  }

  async #innerSocket(clientPort: number): Promise<Socket> {
    const socket = await boundSocket();
    socket.on('message', (datagram) => {
      this.largestFromServer = Math.max(this.largestFromServer, datagram.length);
      this.#carry(datagram, this.#toClient, (octets) => {
        this.#outer.send(octets, clientPort, '127.0.0.1');
      });
    });
    return socket;
  }

  #carry(datagram: Buffer, rules: DirectionRules, send: (datagram: Buffer) => void): void {
    if (this.#closed || ++this.#carried > MOST_DATAGRAMS) return;
    const { fate, delay } = rules.decide(datagram);
    this.counts[fate]++;
    if (fate === 'lose' || fate === 'too-large') return;
    const octets = fate === 'corrupt' ? rules.corrupted(datagram) : datagram;
    this.#later(fate === 'reorder' ? delay + REORDER_MILLISECONDS : delay, () => {
      send(octets);
    });
    if (fate === 'duplicate') {
      this.#later(delay + 1, () => {
        send(octets);
      });
    }
  }

  #later(delay: number, act: () => void): void {
    if (delay === 0) {
      act();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) act();
    }, delay);
    this.#timers.add(timer);
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  // The far end may be gone; that is the network's affair, not ours.
  socket.on('error', () => undefined);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
