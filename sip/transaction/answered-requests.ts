import type { Scheduler, Timer } from '../scheduler.ts';
import type { Flow, Transport } from '../transport/index.ts';
import type { TransactionKey } from './transaction-key.ts';

/** Octets of a chunk, and so the most that one answer can take; a power of two. */
const CHUNK_OCTETS = 262_144;

// The fields of a record, by their offset in octets: 32-bit numbers and the time at which it ends, then branch, method, host,
// address and answer.
const NEXT = 0;
const HASH = 4;
const ENDS_AT = 8;
const LENGTH = 16;
const BRANCH_LENGTH = 20;
const METHOD_LENGTH = 24;
const HOST_LENGTH = 28;
const KEY_PORT = 32;
const ADDRESS_LENGTH = 36;
const ANSWER_LENGTH = 40;
const PORT = 44;
const TRANSPORT = 48;
const ASSOCIATION = 52;
const CONTENT = 56;

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
  readonly #mask: number;
  /** The newest record of each chain: its place divided by 8, plus 1. */
  readonly #heads: Uint32Array;
  readonly #chunks: Chunk[] = [];
  /** Chunks that hold no record. */
  readonly #free: number[] = [];
  /** Chunks in use, the oldest first. */
  readonly #used: number[] = [];
  readonly #transports: Transport[] = [];
  /** Where the oldest record begins in the oldest chunk, and where the next one will begin in the newest. */
  #first = 0;
  #end = CHUNK_OCTETS;
  #size = 0;
  #timer: Timer | undefined;

  /**
   * @param lifetime milliseconds
   * @param capacity how many there will be at most; more only make look-ups slower
   */
  constructor(scheduler: Scheduler, lifetime: number, capacity: number) {
    this.#scheduler = scheduler;
    this.#lifetime = lifetime;
    const heads = 2 ** Math.min(Math.ceil(Math.log2(capacity)), 24);
    this.#mask = heads - 1;
    this.#heads = new Uint32Array(heads);
  }

  get size(): number {
    return this.#size;
  }

  /** Remembers an answer for the lifetime; false when it is too large to be remembered. */
  add(key: TransactionKey, answer: string, flow: Flow): boolean {
    const { branch, method, host } = key;
    const { address, port } = flow.peer;
    const texts = branch.length + method.length + host.length + address.length;
    const length = (CONTENT + texts + answer.length + 7) & ~7;
    if (length > CHUNK_OCTETS) return false;
    if (this.#end + length > CHUNK_OCTETS) this.#beginChunk();
    const chunkNumber = this.#used.at(-1) ?? 0;
    const chunk = this.#chunks[chunkNumber];
    if (chunk === undefined) return false;
    const start = this.#end;
    const slot = key.hash & this.#mask;
    chunk.setWord(start + NEXT, this.#heads[slot] ?? NOWHERE);
    chunk.setWord(start + HASH, key.hash);
    chunk.times[(start + ENDS_AT) >>> 3] = this.#scheduler.now() + this.#lifetime;
    chunk.setWord(start + LENGTH, length);
    chunk.setWord(start + BRANCH_LENGTH, branch.length);
    chunk.setWord(start + METHOD_LENGTH, method.length);
    chunk.setWord(start + HOST_LENGTH, host.length);
    chunk.setWord(start + KEY_PORT, key.port);
    chunk.setWord(start + ADDRESS_LENGTH, address.length);
    chunk.setWord(start + ANSWER_LENGTH, answer.length);
    chunk.setWord(start + PORT, port);
    chunk.setWord(start + ASSOCIATION, key.association);
    chunk.setWord(start + TRANSPORT, this.#numberOf(flow.transport));
    chunk.octets.write(branch + method + host + address + answer, start + CONTENT, 'latin1');
    this.#heads[slot] = (chunkNumber * CHUNK_OCTETS + start) / 8 + 1;
    this.#end = start + length;
    this.#size++;
    this.#timer ??= this.#scheduler.schedule(this.#lifetime, purge, this);
    return true;
  }

  find(key: TransactionKey): Answer | undefined {
    let place = this.#heads[key.hash & this.#mask] ?? NOWHERE;
    while (place !== NOWHERE) {
      const chunk = this.#chunkAt(place);
      const start = startAt(place);
      if (chunk.word(start + HASH) === key.hash && holds(chunk, start, key)) return this.#read(chunk, start);
      place = chunk.word(start + NEXT);
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
        const endsAt = chunk.times[(this.#first + ENDS_AT) >>> 3] ?? 0;
        if (endsAt > now) {
          const delay = Math.max(endsAt - now, this.#lifetime / 100);
          this.#timer = this.#scheduler.schedule(delay, purge, this);
          return;
        }
        this.#unlink(chunk, number);
        this.#first += chunk.word(this.#first + LENGTH);
      }
      this.#used.shift();
      this.#free.push(number);
      this.#first = 0;
      if (isNewest) this.#end = CHUNK_OCTETS;
    }
  }

  /** A chunk that is not the newest ends where a length of 0, or nothing, follows. */
  #isBehindLast(chunk: Chunk, isNewest: boolean): boolean {
    if (isNewest) return this.#first >= this.#end;
    return this.#first + CONTENT > CHUNK_OCTETS || chunk.word(this.#first + LENGTH) === 0;
  }

  #beginChunk(): void {
    const last = this.#chunks[this.#used.at(-1) ?? -1];
    if (last !== undefined && this.#end + CONTENT <= CHUNK_OCTETS) last.setWord(this.#end + LENGTH, 0);
    let number = this.#free.pop();
    if (number === undefined) {
      number = this.#chunks.length;
      this.#chunks.push(new Chunk());
    }
    this.#used.push(number);
    this.#end = 0;
  }

  /** Takes the oldest record out of its chain, of which it is the last. */
  #unlink(chunk: Chunk, number: number): void {
    const slot = chunk.word(this.#first + HASH) & this.#mask;
    const own = (number * CHUNK_OCTETS + this.#first) / 8 + 1;
    this.#size--;
    let place = this.#heads[slot] ?? NOWHERE;
    if (place === own) {
      this.#heads[slot] = chunk.word(this.#first + NEXT);
      return;
    }
    while (place !== NOWHERE) {
      const before = this.#chunkAt(place);
      const link = startAt(place) + NEXT;
      place = before.word(link);
      if (place === own) {
        before.setWord(link, chunk.word(this.#first + NEXT));
        return;
      }
    }
  }

  #read(chunk: Chunk, start: number): Answer | undefined {
    const transport = this.#transports[chunk.word(start + TRANSPORT)];
    if (transport === undefined) return undefined;
    const keyLength =
      chunk.word(start + BRANCH_LENGTH) + chunk.word(start + METHOD_LENGTH) + chunk.word(start + HOST_LENGTH);
    const addressStart = start + CONTENT + keyLength;
    const addressEnd = addressStart + chunk.word(start + ADDRESS_LENGTH);
    const address = chunk.octets.toString('latin1', addressStart, addressEnd);
    // A copy: the chunk may be written over before the socket has sent it.
    const bytes = Buffer.from(chunk.octets.subarray(addressEnd, addressEnd + chunk.word(start + ANSWER_LENGTH)));
    return { bytes, flow: { transport, peer: { address, port: chunk.word(start + PORT) } } };
  }

  #chunkAt(place: number): Chunk {
    return this.#chunks[Math.floor(((place - 1) * 8) / CHUNK_OCTETS)] ?? EMPTY;
  }

  #numberOf(transport: Transport): number {
    const known = this.#transports.indexOf(transport);
    return known >= 0 ? known : this.#transports.push(transport) - 1;
  }
}

/** A piece of memory outside the heap, as octets, 32-bit numbers and times. */
class Chunk {
  readonly octets = Buffer.allocUnsafeSlow(CHUNK_OCTETS);
  readonly times = new Float64Array(this.octets.buffer);
  readonly #words = new Uint32Array(this.octets.buffer);

  /** @param offset in octets, a multiple of four */
  word(offset: number): number {
    return this.#words[offset >>> 2] ?? 0;
  }

  setWord(offset: number, value: number): void {
    this.#words[offset >>> 2] = value;
  }

  /** True when that text stands there. */
  holds(start: number, text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      if (this.octets[start + index] !== text.charCodeAt(index)) return false;
    }
    return true;
  }
}

const EMPTY = new Chunk();

function startAt(place: number): number {
  return ((place - 1) * 8) % CHUNK_OCTETS;
}

function holds(chunk: Chunk, start: number, { branch, method, host, port, association }: TransactionKey): boolean {
  if (chunk.word(start + BRANCH_LENGTH) !== branch.length || chunk.word(start + METHOD_LENGTH) !== method.length)
    return false;
  if (chunk.word(start + HOST_LENGTH) !== host.length || chunk.word(start + KEY_PORT) !== port) return false;
  if (chunk.word(start + ASSOCIATION) !== association >>> 0) return false;
  const branchStart = start + CONTENT;
  const methodStart = branchStart + branch.length;
  return (
    chunk.holds(branchStart, branch) &&
    chunk.holds(methodStart, method) &&
    chunk.holds(methodStart + method.length, host)
  );
}

function purge(answered: AnsweredRequests): void {
  answered.purge();
}
