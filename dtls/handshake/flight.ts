import { CONTENT_TYPE, RECORD_HEADER_OCTETS, writeRecordHeader } from '../record/record-header.ts';
import { writeHandshakeHeader } from './handshake-message.ts';
import { HANDSHAKE_HEADER_OCTETS } from './handshake-type.ts';

/** One thing that a flight sends: a handshake message, or ChangeCipherSpec. */
interface FlightItem {
  readonly contentType: number;
  readonly epoch: 0 | 1;
  /** A whole handshake message with its header, or the octet of ChangeCipherSpec. */
  readonly octets: Buffer;
}

/** Where the records of a flight come from and go to. */
export interface FlightCarrier {
  /** The next sequence number of epoch 0. */
  nextEpochZeroSequence(): number;
  /** Protects in epoch 1; undefined when the keys are used up. */
  seal(contentType: number, content: Buffer): Buffer | undefined;
  /** Octets that seal() adds. */
  readonly sealOverhead: number;
  transmit(datagram: Buffer): void;
}

const CHANGE_CIPHER_SPEC = Buffer.from([1]);

/** Of a message that would leave less room than this in a datagram, the next datagram takes everything. */
const LEAST_FRAGMENT = 64;

/**
 * The messages that one side sends before it waits for the other (RFC 6347 4.2.4). Kept whole, so that each transmission may
 * cut them differently; each transmission takes new record sequence numbers.
 */
export class Flight {
  #items: FlightItem[] = [];

  message(octets: Buffer, epoch: 0 | 1 = 0): this {
    this.#items.push({ contentType: CONTENT_TYPE.handshake, epoch, octets });
    return this;
  }

  changeCipherSpec(): this {
    this.#items.push({ contentType: CONTENT_TYPE.changeCipherSpec, epoch: 0, octets: CHANGE_CIPHER_SPEC });
    return this;
  }

  /** Octets of all messages. */
  get octets(): number {
    let sum = 0;
    for (const { octets } of this.#items) sum += octets.length;
    return sum;
  }

  /** In memory of its own, so that a flight that is kept for long holds nothing else. */
  compact(): this {
    this.#items = this.#items.map((item) => ({ ...item, octets: copyOctets(item.octets) }));
    return this;
  }

  /**
   * Sends everything once, several records to a datagram.
   *
   * @param mtu largest datagram
   * @param maximumFragment largest content of a record
   */
  transmit(carrier: FlightCarrier, mtu: number, maximumFragment: number): void {
    let records: Buffer[] = [];
    let used = 0;
    const flush = (): void => {
      const [first] = records;
      if (first !== undefined) carrier.transmit(records.length === 1 ? first : Buffer.concat(records, used));
      records = [];
      used = 0;
    };
    for (const { contentType, epoch, octets } of this.#items) {
      const header = contentType === CONTENT_TYPE.handshake ? HANDSHAKE_HEADER_OCTETS : 0;
      const overhead = header + (epoch === 0 ? RECORD_HEADER_OCTETS : carrier.sealOverhead);
      const length = octets.length - header;
      let offset = 0;
      do {
        if (used > 0 && mtu - used - overhead < Math.min(length - offset, LEAST_FRAGMENT)) flush();
        const room = Math.max(1, Math.min(mtu - used - overhead, maximumFragment - header));
        const size = Math.min(length - offset, room);
        const content = size === length ? octets : fragment(octets, offset, size);
        const record = epoch === 0 ? plain(carrier, contentType, content) : carrier.seal(contentType, content);
        if (record === undefined) return;
        records.push(record);
        used += record.length;
        offset += size;
      } while (offset < length);
    }
    flush();
  }
}

/** A copy that does not hold a pool or a datagram. */
export function copyOctets(octets: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(octets.length);
  octets.copy(copy);
  return copy;
}

function fragment(message: Buffer, offset: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(HANDSHAKE_HEADER_OCTETS + size);
  const length = message.length - HANDSHAKE_HEADER_OCTETS;
  writeHandshakeHeader(content, 0, message[0] ?? 0, length, message.readUInt16BE(4), offset, size);
  const start = HANDSHAKE_HEADER_OCTETS + offset;
  message.copy(content, HANDSHAKE_HEADER_OCTETS, start, start + size);
  return content;
}

function plain(carrier: FlightCarrier, contentType: number, content: Buffer): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_OCTETS + content.length);
  writeRecordHeader(record, 0, contentType, 0, carrier.nextEpochZeroSequence(), content.length);
  content.copy(record, RECORD_HEADER_OCTETS);
  return record;
}
