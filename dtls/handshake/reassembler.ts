import type { DtlsCounters } from '../association/counters.ts';
import type { AssociationLimits } from '../association/limits.ts';
import type { HandshakeMessage } from './handshake-message.ts';
import { writeHandshakeHeader } from './handshake-message.ts';
import { HANDSHAKE_HEADER_OCTETS } from './handshake-type.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** What receiving a record of handshake fragments came to. */
export type FragmentVerdict = 'taken' | 'repeated' | 'refused';

/** Octets that a fragment or message is charged for beside its content. */
const OVERHEAD_OCTETS = 64;

/** A message of which fragments have come. */
interface Partial {
  readonly type: number;
  readonly length: number;
  readonly epoch: number;
  /** In order of offset, without overlaps; copies, so that they do not hold datagrams. */
  readonly pieces: Piece[];
  received: number;
  fragments: number;
}

interface Piece {
  readonly offset: number;
  readonly octets: Buffer;
}

/**
 * Puts handshake messages together and in order (RFC 6347 4.2.2, 4.2.3): fragments of any size, overlapping, repeated, in any
 * order. Memory is taken for octets that have come, never for octets that a header announces, and counts against the budget of
 * all half-open handshakes.
 */
export class Reassembler {
  readonly #limits: AssociationLimits;
  readonly #budget: MemoryBudget;
  readonly #counters: DtlsCounters;
  /** Made with the first fragment: most messages come whole. */
  #partials: Map<number, Partial> | undefined;
  #charged = 0;
  /** message_seq of the message that next() gives next. */
  nextSequence: number;
  /** The next message when it came in one piece, which is the usual case and needs no copy. */
  #ready: HandshakeMessage | undefined;

  constructor(limits: AssociationLimits, budget: MemoryBudget, counters: DtlsCounters, nextSequence: number) {
    this.#limits = limits;
    this.#budget = budget;
    this.#counters = counters;
    this.nextSequence = nextSequence;
  }

  /**
   * Takes the fragment at `offset` of a handshake record's content.
   *
   * @returns the offset behind it, or -1 when the rest of the record is not to be read; `verdict` tells what became of it
   */
  take(content: Buffer, offset: number, epoch: number): number {
    this.verdict = 'refused';
    const body = offset + HANDSHAKE_HEADER_OCTETS;
    if (body > content.length) return this.#refuse('malformedHandshakeMessages');
    const type = content[offset] ?? 0;
    const length = content.readUIntBE(offset + 1, 3);
    const sequence = content.readUInt16BE(offset + 4);
    const start = content.readUIntBE(offset + 6, 3);
    const size = content.readUIntBE(offset + 9, 3);
    const end = body + size;
    if (end > content.length || start + size > length || (size === 0 && length > 0))
      return this.#refuse('malformedHandshakeMessages');
    if (sequence < this.nextSequence) {
      this.verdict = 'repeated';
      return end;
    }
    if (length > this.#limits.maximumMessage) return this.#refuse('oversizedHandshakeMessages');
    if (sequence > this.nextSequence + this.#limits.maximumFutureMessages) return this.#refuse('futureMessagesRefused');

    if (sequence === this.nextSequence && size === length && this.#partials?.has(sequence) !== true) {
      // A second one cannot come before next() was called.
      if (this.#ready === undefined) {
        const octets = content.subarray(offset, end);
        this.#ready = { type, sequence, epoch, octets, body: octets.subarray(HANDSHAKE_HEADER_OCTETS) };
        this.verdict = 'taken';
      }
      return end;
    }
    this.verdict = this.#keep(sequence, type, length, epoch, start, content.subarray(body, end));
    return end;
  }

  verdict: FragmentVerdict = 'taken';

  /** The next message in order when it is whole; each is given once. */
  next(): HandshakeMessage | undefined {
    let message = this.#ready;
    this.#ready = undefined;
    if (message === undefined) {
      const partial = this.#partials?.get(this.nextSequence);
      if (partial?.received !== partial?.length || partial === undefined) return undefined;
      message = assemble(partial, this.nextSequence);
      this.#partials?.delete(this.nextSequence);
      this.#uncharge(partial.received + OVERHEAD_OCTETS * (1 + partial.pieces.length));
    }
    this.nextSequence++;
    return message;
  }

  /** Gives all memory back. */
  clear(): void {
    this.#partials = undefined;
    this.#ready = undefined;
    this.#uncharge(this.#charged);
  }

  #keep(sequence: number, type: number, length: number, epoch: number, start: number, octets: Buffer): FragmentVerdict {
    const partials = (this.#partials ??= new Map<number, Partial>());
    let partial = partials.get(sequence);
    if (partial === undefined) {
      if (!this.#charge(OVERHEAD_OCTETS)) return 'refused';
      partial = { type, length, epoch, pieces: [], received: 0, fragments: 0 };
      partials.set(sequence, partial);
    }
    if (partial.type !== type || partial.length !== length || partial.epoch !== epoch) {
      this.#counters.fragmentsRefused++;
      return 'refused';
    }
    if (partial.received === length && partial.pieces.length > 0) return 'repeated';
    if (partial.fragments >= this.#limits.maximumFragments) {
      this.#counters.fragmentsRefused++;
      return 'refused';
    }
    partial.fragments++;
    return this.#insert(partial, start, octets);
  }

  /** Keeps those octets of the fragment that are new: what came first stays. */
  #insert(partial: Partial, start: number, octets: Buffer): FragmentVerdict {
    const { pieces } = partial;
    const end = start + octets.length;
    let verdict: FragmentVerdict = 'repeated';
    let from = start;
    let index = 0;
    if (partial.length === 0) {
      if (!this.#charge(OVERHEAD_OCTETS)) return 'refused';
      pieces.push({ offset: 0, octets: Buffer.alloc(0) });
      return 'taken';
    }
    while (from < end) {
      let piece = pieces[index];
      while (piece !== undefined && piece.offset + piece.octets.length <= from) piece = pieces[++index];
      const until = piece === undefined ? end : Math.min(end, piece.offset);
      if (until > from) {
        if (!this.#charge(until - from + OVERHEAD_OCTETS)) return 'refused';
        pieces.splice(index, 0, { offset: from, octets: Buffer.from(octets.subarray(from - start, until - start)) });
        partial.received += until - from;
        verdict = 'taken';
        index++;
      }
      from = piece === undefined ? end : Math.max(until, piece.offset + piece.octets.length);
    }
    return verdict;
  }

  #charge(octets: number): boolean {
    if (this.#charged + octets > this.#limits.maximumReassembly) {
      this.#counters.handshakeMemoryRefused++;
      return false;
    }
    if (!this.#budget.take(octets)) {
      this.#counters.halfOpenMemoryRefused++;
      return false;
    }
    this.#charged += octets;
    return true;
  }

  #uncharge(octets: number): void {
    this.#budget.release(octets);
    this.#charged -= octets;
  }

  #refuse(counter: 'malformedHandshakeMessages' | 'oversizedHandshakeMessages' | 'futureMessagesRefused'): -1 {
    this.#counters[counter]++;
    return -1;
  }
}

function assemble(partial: Partial, sequence: number): HandshakeMessage {
  const octets = Buffer.allocUnsafe(HANDSHAKE_HEADER_OCTETS + partial.length);
  writeHandshakeHeader(octets, 0, partial.type, partial.length, sequence, 0, partial.length);
  for (const piece of partial.pieces) piece.octets.copy(octets, HANDSHAKE_HEADER_OCTETS + piece.offset);
  const body = octets.subarray(HANDSHAKE_HEADER_OCTETS);
  return { type: partial.type, sequence, epoch: partial.epoch, octets, body };
}
