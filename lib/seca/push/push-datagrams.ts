import { UdpTransport, type Peer } from '../../../sip/index.ts';
import type { PushIntake } from './push-intake.ts';

export interface PushDatagramsOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly intake: PushIntake;
}

/**
 * Takes push packages that come as bare datagrams. Anybody can send one, from any address that he likes to write on it: so
 * nothing is answered but what was proven, and never with more octets than came.
 */
export class PushDatagrams {
  readonly counters = { received: 0, answered: 0, replyTooLarge: 0 };
  readonly #intake: PushIntake;
  readonly #sending = new Set<Promise<void>>();
  #udp: UdpTransport | undefined;

  private constructor(intake: PushIntake) {
    this.#intake = intake;
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async open({ host, port, intake }: PushDatagramsOptions): Promise<PushDatagrams> {
    const datagrams = new PushDatagrams(intake);
    datagrams.#udp = await UdpTransport.open({ host, port }, (datagram, source) => {
      const work = datagrams.#take(datagram, source).finally(() => datagrams.#sending.delete(work));
      datagrams.#sending.add(work);
    });
    return datagrams;
  }

  /** The bound address. */
  get local(): Peer | undefined {
    return this.#udp?.local;
  }

  /** Answers what is under way, and frees the socket. */
  async close(): Promise<void> {
    await Promise.all(this.#sending);
    await this.#udp?.close();
  }

  async #take(datagram: Buffer, source: Peer): Promise<void> {
    this.counters.received++;
    const answer = await this.#intake.take(datagram, `udp ${source.address} ${source.port}`);
    if (answer.outcome !== 'taken' || answer.reply === undefined) return;
    if (answer.reply.length > datagram.length) {
      this.counters.replyTooLarge++;
      return;
    }
    this.counters.answered++;
    this.#udp?.send(answer.reply, source);
  }
}
