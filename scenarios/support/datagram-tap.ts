import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Somebody on the path between a sender and a receiver of datagrams: sees all, may change one, and can send his own. */
export class DatagramTap {
  /** What the sender has sent, oldest first. */
  readonly seen: Buffer[] = [];
  readonly #outside: Socket;
  readonly #inside: Socket;
  #sender: { readonly port: number; readonly address: string } | undefined;
  #receiverPort: number | undefined;
  #change: ((datagram: Buffer) => Buffer) | undefined;

  private constructor(outside: Socket, inside: Socket) {
    this.#outside = outside;
    this.#inside = inside;
    outside.on('message', (datagram, { address, port }) => {
      this.#sender = { address, port };
      this.seen.push(datagram);
      const change = this.#change;
      this.#change = undefined;
      this.inject(change === undefined ? datagram : change(datagram));
    });
    inside.on('message', (datagram) => {
      if (this.#sender !== undefined) outside.send(datagram, this.#sender.port, this.#sender.address);
    });
    for (const socket of [outside, inside]) socket.on('error', () => undefined);
  }

  static async open(): Promise<DatagramTap> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    return new DatagramTap(...sockets);
  }

  /** Where the sender has to send. */
  get port(): number {
    return this.#outside.address().port;
  }

  /** Where what is sent goes. */
  leadTo(port: number): void {
    this.#receiverPort = port;
  }

  /** Changes the next datagram, and no other, on its way to the receiver. */
  changeNext(change: (datagram: Buffer) => Buffer): void {
    this.#change = change;
  }

  /** Sends to the receiver what the sender never sent. */
  inject(datagram: Buffer): void {
    if (this.#receiverPort !== undefined) this.#inside.send(datagram, this.#receiverPort, '127.0.0.1');
  }

  close(): void {
    this.#outside.close();
    this.#inside.close();
  }
}
