import { PDU_HEADER_OCTETS } from './smpp-pdu.ts';

/** Cuts a stream of octets into PDUs by their command_length, and keeps no more than one that is not whole. */
export class PduFramer {
  readonly #maximumOctets: number;
  #pending: Buffer[] = [];
  #pendingOctets = 0;

  /** @param maximumOctets of one PDU with its header */
  constructor(maximumOctets: number) {
    this.#maximumOctets = maximumOctets;
  }

  /** Octets of a PDU that is not whole yet. */
  get pendingOctets(): number {
    return this.#pendingOctets;
  }

  /** The PDUs that are whole now, in `take`; false when the stream can be followed no further. */
  add(chunk: Buffer, take: (pdu: Buffer) => void): boolean {
    this.#pending.push(chunk);
    this.#pendingOctets += chunk.length;
    if (this.#pendingOctets < 4) return true;
    let length = this.#length();
    // Many small chunks are put together once, when the PDU that they make is whole.
    if (length === undefined) return false;
    if (this.#pendingOctets < length) return true;
    const [first = chunk] = this.#pending;
    let rest = this.#pending.length === 1 ? first : Buffer.concat(this.#pending);
    while (rest.length >= 4) {
      length = this.#judge(rest.readUInt32BE(0));
      if (length === undefined) return false;
      if (rest.length < length) break;
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingOctets = rest.length;
    return true;
  }

  /** command_length of the PDU that is not whole; its octets may have come one by one. */
  #length(): number | undefined {
    const [first] = this.#pending;
    if (first === undefined || first.length >= 4) return this.#judge(first?.readUInt32BE(0) ?? 0);
    const start = Buffer.concat(this.#pending);
    this.#pending = [start];
    return this.#judge(start.readUInt32BE(0));
  }

  #judge(length: number): number | undefined {
    return length >= PDU_HEADER_OCTETS && length <= this.#maximumOctets ? length : undefined;
  }
}
