import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import type { Peer } from '../../sip/index.ts';

/** A UDP server that keeps what came, and answers by a function. */
export class UdpServer {
  readonly received: { readonly datagram: Buffer; readonly from: Peer }[] = [];
  /** The answer to a datagram; its own octets where absent. */
  answer: ((datagram: Buffer) => Buffer | undefined) | undefined;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram, { address, port }) => {
      this.received.push({ datagram, from: { address, port } });
      const answer = this.answer === undefined ? datagram : this.answer(datagram);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async open(address = '127.0.0.1'): Promise<UdpServer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new UdpServer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(datagram: Buffer, to: Peer): void {
    this.#socket.send(datagram, to.port, to.address);
  }

  close(): void {
    this.#socket.close();
  }
}
