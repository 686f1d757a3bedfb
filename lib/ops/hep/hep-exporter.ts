import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import { encodeHep, HEP_OVERHEAD_OCTETS, type HepAgent, type HepRecord } from './hep-packet.ts';

export interface HepExporterOptions extends HepAgent {
  /** The collector. */
  readonly host: string;
  readonly port: number;
  /** What may wait to be sent, in octets; beyond it the new is dropped and counted. */
  readonly queueBytes: number;
}

/** The largest payload of a UDP datagram over IPv4. */
const LARGEST_DATAGRAM = 65_507;

/** A name is looked up again this often: a collector may move. */
const LOOKUP_MILLISECONDS = 60_000;

/** Sends HEP packets to a collector over UDP. What cannot be sent is counted and forgotten: SIP never waits for it. */
export class HepExporter {
  readonly counters = { sent: 0, dropped: 0, unresolved: 0, errors: 0 };
  readonly #options: HepExporterOptions;
  readonly #socket: Socket;
  #address: string | undefined;
  #queued = 0;
  #open = true;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: HepExporterOptions, socket: Socket, address: string | undefined) {
    this.#options = options;
    this.#socket = socket;
    this.#address = address;
    // The collector is down (ICMP); that is its business.
    socket.on('error', () => {
      this.counters.errors++;
    });
    socket.unref();
    if (isIP(options.host) !== 0) return;
    this.#timer = setInterval(() => {
      void resolve(options.host).then((found) => {
        this.#address = found ?? this.#address;
      });
    }, LOOKUP_MILLISECONDS).unref();
  }

  /** A name that does not resolve yet is no reason not to start. */
  static async open(options: HepExporterOptions): Promise<HepExporter> {
    const address = await resolve(options.host);
    const socket = createSocket(address !== undefined && isIPv6(address) ? 'udp6' : 'udp4');
    return new HepExporter(options, socket, address);
  }

  /** Sends one record, with a payload that fits: a longer one loses its end. */
  send(record: HepRecord): void {
    if (!this.#open) return;
    if (this.#address === undefined) {
      this.counters.unresolved++;
      return;
    }
    const payload = record.payload.subarray(0, LARGEST_DATAGRAM - HEP_OVERHEAD_OCTETS);
    if (this.#queued + payload.length > this.#options.queueBytes) {
      this.counters.dropped++;
      return;
    }
    const packet = encodeHep({ ...record, payload }, this.#options);
    this.#queued += packet.length;
    this.#socket.send(packet, this.#options.port, this.#address, (error) => {
      this.#queued -= packet.length;
      if (error === null) this.counters.sent++;
      else this.counters.errors++;
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    await new Promise<void>((closed) => {
      this.#socket.close(closed);
    });
  }
}

async function resolve(host: string): Promise<string | undefined> {
  try {
    return (await lookup(host)).address;
  } catch {
    return undefined;
  }
}
