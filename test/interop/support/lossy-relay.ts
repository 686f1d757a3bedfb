import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A network that loses what it is told to lose: one client, one server, UDP on loopback. */
export class LossyRelay {
  /** Datagrams from the client, also those that were lost. */
  fromClient = 0;
  lost = 0;
  readonly #outer: Socket;
  readonly #inner: Socket;

  private constructor(outer: Socket, inner: Socket) {
    this.#outer = outer;
    this.#inner = inner;
  }

  /** @param loses told of each datagram; true when it is to be lost */
  static async open(serverPort: number, loses: (text: string, fromClient: boolean) => boolean): Promise<LossyRelay> {
    const [outer, inner] = [createSocket('udp4'), createSocket('udp4')];
    for (const socket of [outer, inner]) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    const relay = new LossyRelay(outer, inner);
    let clientPort = 0;
    outer.on('message', (datagram, { port }) => {
      clientPort = port;
      relay.fromClient++;
      if (loses(datagram.toString('latin1'), true)) relay.lost++;
      else inner.send(datagram, serverPort, '127.0.0.1');
    });
    inner.on('message', (datagram) => {
      if (loses(datagram.toString('latin1'), false)) relay.lost++;
      else outer.send(datagram, clientPort, '127.0.0.1');
    });
    return relay;
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#outer.address().port;
  }

  close(): void {
    this.#outer.close();
    this.#inner.close();
  }
}
