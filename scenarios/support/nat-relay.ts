import { createSocket, type Socket } from 'node:dgram';

/**
 * A NAT in front of one agent: what comes to its inside port goes to the gateway from an outside port of its own, and back.
 * `rebind` does what NATs do to a flow that they have forgotten: from then on it has another outside port, and what is sent
 * to the old one is lost.
 */
export class NatRelay {
  readonly #inside: Socket;
  readonly #gatewayPort: number;
  #outside: Socket;
  #agentPort: number | undefined;

  private constructor(inside: Socket, outside: Socket, gatewayPort: number) {
    this.#inside = inside;
    this.#outside = outside;
    this.#gatewayPort = gatewayPort;
    inside.on('message', (datagram, { port }) => {
      this.#agentPort = port;
      this.#outside.send(datagram, gatewayPort, '127.0.0.1');
    });
    this.#listen(outside);
  }

  static async open(gatewayPort: number): Promise<NatRelay> {
    return new NatRelay(await bind(), await bind(), gatewayPort);
  }

  /** Where the agent sends. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** Where the gateway sees the agent. */
  get outsidePort(): number {
    return this.#outside.address().port;
  }

  /** Gives the flow another outside port. */
  async rebind(): Promise<void> {
    const next = await bind();
    this.#outside.close();
    this.#outside = next;
    this.#listen(next);
  }

  close(): void {
    this.#inside.close();
    this.#outside.close();
  }

  #listen(outside: Socket): void {
    outside.on('message', (datagram, { port }) => {
      if (port !== this.#gatewayPort || this.#agentPort === undefined) return;
      this.#inside.send(datagram, this.#agentPort, '127.0.0.1');
    });
    // What was sent to a port that nobody has any more comes back as an error; a NAT does not care.
    outside.on('error', () => undefined);
  }
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return socket;
}
