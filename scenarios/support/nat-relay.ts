import { createSocket, type Socket } from 'node:dgram';

/**
 * A NAT in front of agents: what comes to its inside port goes to the gateway from an outside port that each sender has for
 * itself, and back. `rebind` does what NATs do to flows that they have forgotten: from then on they have other outside ports,
 * and what is sent to the old ones is lost.
 */
export class NatRelay {
  readonly #inside: Socket;
  readonly #gatewayPort: number;
  /** Of each sender by its port. */
  readonly #outside = new Map<number, Socket>();

  private constructor(inside: Socket, gatewayPort: number) {
    this.#inside = inside;
    this.#gatewayPort = gatewayPort;
    inside.on('message', (datagram, { port }) => {
      this.#outsideOf(port).send(datagram, gatewayPort, '127.0.0.1');
    });
  }

  static async open(gatewayPort: number): Promise<NatRelay> {
    const inside = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      inside.once('error', reject);
      inside.bind(0, '127.0.0.1', () => {
        inside.off('error', reject);
        resolve();
      });
    });
    return new NatRelay(inside, gatewayPort);
  }

  /** Where agents send. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** Where the gateway sees the agents. */
  get outsidePorts(): number[] {
    return [...this.#outside.values()].map((socket) => socket.address().port);
  }

  /** Gives every flow another outside port, with its next datagram. */
  rebind(): void {
    for (const socket of this.#outside.values()) socket.close();
    this.#outside.clear();
  }

  close(): void {
    this.rebind();
    this.#inside.close();
  }

  #outsideOf(agentPort: number): Socket {
    const known = this.#outside.get(agentPort);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    this.#outside.set(agentPort, socket);
    socket.on('message', (datagram, { port }) => {
      if (port === this.#gatewayPort) this.#inside.send(datagram, agentPort, '127.0.0.1');
    });
    // What was sent to a port that nobody has any more comes back as an error; a NAT does not care.
    socket.on('error', () => undefined);
    socket.bind(0, '127.0.0.1');
    return socket;
  }
}
