import type { SystemCalls } from './system-calls.ts';

/** struct mmsghdr with its padding: struct msghdr of 56 octets, msg_len, four octets of nothing. */
const HEADER_OCTETS = 64;
const HEADER_WORDS = HEADER_OCTETS / 4;
/** struct iovec: an address and a length, 64 bits each. */
const SLICE_OCTETS = 16;
const SLICE_WORDS = SLICE_OCTETS / 4;
/** struct sockaddr_in6, the larger of the two. */
const ADDRESS_OCTETS = 28;

// Places in a header: in octets for 64 bits, in words for 32.
const NAME_AT = 0;
const NAME_LENGTH_WORD = 2;
const SLICES_AT = 16;
const SLICE_COUNT_AT = 24;
const LENGTH_WORD = 14;

/**
 * Memory for the headers of several datagrams in the layout of recvmmsg(2) and sendmmsg(2), each with one slice of `payload`
 * and the address of its peer. It never moves: buffers of more than 64 octets stand outside the heap of V8.
 */
export class MessageVector {
  readonly capacity: number;
  readonly payload: Buffer;
  /** The socket addresses, {@link ADDRESS_OCTETS} apart. */
  readonly names: Buffer;
  /** Where the first header stands. */
  readonly address: number;
  readonly #headerWords: Uint32Array;
  readonly #sliceWords: Uint32Array;
  readonly #payloadAddress: number;
  readonly #starts: Uint32Array;

  constructor(calls: SystemCalls, capacity: number, payload: Buffer) {
    this.capacity = capacity;
    this.payload = payload;
    this.names = Buffer.alloc(capacity * ADDRESS_OCTETS);
    const headers = Buffer.alloc(capacity * HEADER_OCTETS);
    const slices = Buffer.alloc(capacity * SLICE_OCTETS);
    // They keep the memory of both alive.
    this.#headerWords = wordsOf(headers);
    this.#sliceWords = wordsOf(slices);
    this.#starts = new Uint32Array(capacity);
    this.#payloadAddress = calls.addressOf(payload);
    this.address = calls.addressOf(headers);
    const firstName = calls.addressOf(this.names);
    const firstSlice = calls.addressOf(slices);
    for (let index = 0; index < capacity; index++) {
      const header = index * HEADER_OCTETS;
      headers.writeBigUInt64LE(BigInt(firstName + index * ADDRESS_OCTETS), header + NAME_AT);
      headers.writeBigUInt64LE(BigInt(firstSlice + index * SLICE_OCTETS), header + SLICES_AT);
      headers.writeBigUInt64LE(1n, header + SLICE_COUNT_AT);
    }
  }

  nameOffset(index: number): number {
    return index * ADDRESS_OCTETS;
  }

  /** The slice of the payload that a datagram has, and the octets that its address has, or may have when it is to be read. */
  setMessage(index: number, start: number, octets: number, nameOctets: number = ADDRESS_OCTETS): void {
    const at = this.#payloadAddress + start;
    this.#sliceWords[index * SLICE_WORDS] = at % 0x1_0000_0000;
    this.#sliceWords[index * SLICE_WORDS + 1] = Math.floor(at / 0x1_0000_0000);
    this.#sliceWords[index * SLICE_WORDS + 2] = octets;
    this.#starts[index] = start;
    this.#headerWords[index * HEADER_WORDS + NAME_LENGTH_WORD] = nameOctets;
  }

  /** Makes room again for the longest address: the kernel has written there how long the last one was. */
  resetName(index: number): void {
    this.#headerWords[index * HEADER_WORDS + NAME_LENGTH_WORD] = ADDRESS_OCTETS;
  }

  /** Where the slice of a datagram begins in the payload. */
  startOf(index: number): number {
    return this.#starts[index] ?? 0;
  }

  /** Octets of a datagram that was read. */
  lengthOf(index: number): number {
    return this.#headerWords[index * HEADER_WORDS + LENGTH_WORD] ?? 0;
  }
}

function wordsOf(memory: Buffer): Uint32Array {
  return new Uint32Array(memory.buffer, memory.byteOffset, memory.length / 4);
}
