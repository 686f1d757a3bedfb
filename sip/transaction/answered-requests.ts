import type { Scheduler, Timer } from '../scheduler.ts';
import { hashString } from '../string-hash.ts';
import type { Flow, Transport } from '../transport/index.ts';

/** Octets of a chunk, and so the most that one answer can take; a power of two. */
const CHUNK_OCTETS = 262_144;

// The fields of a record, by their offset: 32-bit numbers, then key, address and answer.
const NEXT = 0;
const HASH = 4;
const ENDS_AT = 8;
const LENGTH = 16;
const KEY_LENGTH = 20;
const ADDRESS_LENGTH = 24;
const ANSWER_LENGTH = 28;
const PORT = 32;
const TRANSPORT = 36;
const CONTENT = 40;

/** No record: places begin at 1. */
const NOWHERE = 0;

export interface Answer {
  /** As it went out. */
  readonly bytes: Buffer;
  readonly flow: Flow;
}

/**
 * What is left of server transactions in the state Completed (RFC 3261 17.2.2): the answer, for copies of the request
 * until timer J. All wait equally long, so they go in the order in which they came, and one timer serves them all.
 *
 * At 2,000 requests a second there are 64,000 of them. They stand outside the heap, in chunks that are filled one after the
 * other and used again, so that the garbage collector neither copies nor walks them.
 */
export class AnsweredRequests {
  readonly #scheduler: Scheduler;
  readonly #lifetime: number;
  readonly #seed: number;
  readonly #mask: number;
  /** The newest record of each chain: its place divided by 8, plus 1. */
  readonly #heads: Uint32Array;
  readonly #chunks: Buffer[] = [];
  /** Chunks that hold no record. */
  readonly #free: number[] = [];
  /** Chunks in use, the oldest first. */
  readonly #used: number[] = [];
  readonly #transports: Transport[] = [];
  readonly #hash = new Uint32Array(2);
  /** Where the oldest record begins in the oldest chunk, and where the next one will begin in the newest. */
  #first = 0;
  #end = CHUNK_OCTETS;
  #size = 0;
  #timer: Timer | undefined;

  /**
   * @param lifetime milliseconds
   * @param capacity how many there will be at most; more only make look-ups slower
   * @param seed 32 unpredictable bits, so that nobody can choose keys that are all looked for in one chain
   */
  constructor(scheduler: Scheduler, lifetime: number, capacity: number, seed: number) {
    this.#scheduler = scheduler;
    this.#lifetime = lifetime;
    this.#seed = seed;
    const heads = 2 ** Math.min(Math.ceil(Math.log2(capacity)), 24);
    this.#mask = heads - 1;
    this.#heads = new Uint32Array(heads);
  }

  get size(): number {
    return this.#size;
  }

  /** Remembers an answer for the lifetime; false when it is too large to be remembered. */
  add(key: string, answer: Buffer, flow: Flow): boolean {
    const { address, port } = flow.peer;
    const needed = CONTENT + key.length + address.length + answer.length;
    const length = (needed + 7) & ~7;
    if (length > CHUNK_OCTETS) return false;
    if (this.#end + length > CHUNK_OCTETS) this.#beginChunk();
    const chunkNumber = this.#used.at(-1) ?? 0;
    const chunk = this.#chunks[chunkNumber];
    if (chunk === undefined) return false;
    const start = this.#end;
    const hash = this.#hashOf(key);
    chunk.writeUInt32LE(this.#heads[hash & this.#mask] ?? NOWHERE, start + NEXT);
    chunk.writeUInt32LE(hash, start + HASH);
    chunk.writeDoubleLE(this.#scheduler.now() + this.#lifetime, start + ENDS_AT);
    chunk.writeUInt32LE(length, start + LENGTH);
    chunk.writeUInt32LE(key.length, start + KEY_LENGTH);
    chunk.writeUInt32LE(address.length, start + ADDRESS_LENGTH);
    chunk.writeUInt32LE(answer.length, start + ANSWER_LENGTH);
    chunk.writeUInt32LE(port, start + PORT);
    chunk.writeUInt32LE(this.#numberOf(flow.transport), start + TRANSPORT);
    let position = start + CONTENT;
    position += chunk.write(key, position, 'latin1');
    position += chunk.write(address, position, 'latin1');
    answer.copy(chunk, position);
    this.#heads[hash & this.#mask] = (chunkNumber * CHUNK_OCTETS + start) / 8 + 1;
    this.#end = start + length;
    this.#size++;
    this.#timer ??= this.#scheduler.schedule(this.#lifetime, purge, this);
    return true;
  }

  find(key: string): Answer | undefined {
    const hash = this.#hashOf(key);
    let place = this.#heads[hash & this.#mask] ?? NOWHERE;
    while (place !== NOWHERE) {
      const { chunk, start } = this.#at(place);
      if (chunk.readUInt32LE(start + HASH) === hash) {
        const keyEnd = start + CONTENT + chunk.readUInt32LE(start + KEY_LENGTH);
        if (chunk.toString('latin1', start + CONTENT, keyEnd) === key) return this.#read(chunk, start, keyEnd);
      }
      place = chunk.readUInt32LE(start + NEXT);
    }
    return undefined;
  }

  clear(): void {
    this.#heads.fill(NOWHERE);
    this.#free.push(...this.#used);
    this.#used.length = 0;
    this.#first = 0;
    this.#end = CHUNK_OCTETS;
    this.#size = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Forgets those whose time is over, and comes again for the rest, at most a hundred times a lifetime. */
  purge(): void {
    const now = this.#scheduler.now();
    this.#timer = undefined;
    for (;;) {
      const number = this.#used[0];
      const chunk = number === undefined ? undefined : this.#chunks[number];
      if (number === undefined || chunk === undefined) return;
      const isNewest = this.#used.length === 1;
      while (!this.#isBehindLast(chunk, isNewest)) {
        const endsAt = chunk.readDoubleLE(this.#first + ENDS_AT);
        if (endsAt > now) {
          const delay = Math.max(endsAt - now, this.#lifetime / 100);
          this.#timer = this.#scheduler.schedule(delay, purge, this);
          return;
        }
        this.#unlink(chunk, number);
        this.#first += chunk.readUInt32LE(this.#first + LENGTH);
      }
      this.#used.shift();
      this.#free.push(number);
      this.#first = 0;
      if (isNewest) this.#end = CHUNK_OCTETS;
    }
  }

  /** A chunk that is not the newest ends where a length of 0, or nothing, follows. */
  #isBehindLast(chunk: Buffer, isNewest: boolean): boolean {
    if (isNewest) return this.#first >= this.#end;
    return this.#first + CONTENT > CHUNK_OCTETS || chunk.readUInt32LE(this.#first + LENGTH) === 0;
  }

  #beginChunk(): void {
    const last = this.#chunks[this.#used.at(-1) ?? -1];
    if (last !== undefined && this.#end + CONTENT <= CHUNK_OCTETS) last.writeUInt32LE(0, this.#end + LENGTH);
    let number = this.#free.pop();
    if (number === undefined) {
      number = this.#chunks.length;
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_OCTETS));
    }
    this.#used.push(number);
    this.#end = 0;
  }

  /** Takes the oldest record out of its chain, of which it is the last. */
  #unlink(chunk: Buffer, number: number): void {
    const slot = chunk.readUInt32LE(this.#first + HASH) & this.#mask;
    const own = (number * CHUNK_OCTETS + this.#first) / 8 + 1;
    this.#size--;
    let place = this.#heads[slot] ?? NOWHERE;
    if (place === own) {
      this.#heads[slot] = chunk.readUInt32LE(this.#first + NEXT);
      return;
    }
    while (place !== NOWHERE) {
      const before = this.#at(place);
      place = before.chunk.readUInt32LE(before.start + NEXT);
      if (place === own) {
        before.chunk.writeUInt32LE(chunk.readUInt32LE(this.#first + NEXT), before.start + NEXT);
        return;
      }
    }
  }

  #read(chunk: Buffer, start: number, keyEnd: number): Answer | undefined {
    const addressEnd = keyEnd + chunk.readUInt32LE(start + ADDRESS_LENGTH);
    const transport = this.#transports[chunk.readUInt32LE(start + TRANSPORT)];
    if (transport === undefined) return undefined;
    const peer = { address: chunk.toString('latin1', keyEnd, addressEnd), port: chunk.readUInt32LE(start + PORT) };
    // A copy: the chunk may be written over before the socket has sent it.
    const bytes = Buffer.from(chunk.subarray(addressEnd, addressEnd + chunk.readUInt32LE(start + ANSWER_LENGTH)));
    return { bytes, flow: { transport, peer } };
  }

  #at(place: number): { chunk: Buffer; start: number } {
    const position = (place - 1) * 8;
    return { chunk: this.#chunks[Math.floor(position / CHUNK_OCTETS)] ?? EMPTY, start: position % CHUNK_OCTETS };
  }

  #hashOf(key: string): number {
    hashString(key, this.#seed, this.#hash);
    return this.#hash[0] ?? 0;
  }

  #numberOf(transport: Transport): number {
    const known = this.#transports.indexOf(transport);
    return known >= 0 ? known : this.#transports.push(transport) - 1;
  }
}

const EMPTY = Buffer.alloc(CONTENT);

function purge(answered: AnsweredRequests): void {
  answered.purge();
}
