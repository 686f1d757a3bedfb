import type { Concatenation } from './user-data-header.ts';

export interface ReassemblerOptions {
  /** Messages that wait for parts at once; the first part of another one is refused. */
  readonly maximumMessages: number;
  /** Of those, how many may be of one sender. */
  readonly maximumMessagesPerSender: number;
  /** Parts of one message; one that says it has more is refused. */
  readonly maximumSegments: number;
  /** From its first part on; then what there is of it is dropped. */
  readonly timeoutMilliseconds: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Waiting {
  readonly sender: string;
  readonly parts: (Buffer | undefined)[];
  readonly until: number;
  missing: number;
}

/** Puts long short messages together. A part has at most 255 octets, so memory is bounded by messages and parts. */
export class Reassembler {
  readonly counters = { refused: 0, expired: 0, doubled: 0 };
  readonly #options: ReassemblerOptions;
  /** In the order of their first parts, so that the first one is the first to expire. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #bySender = new Map<string, number>();

  constructor(options: ReassemblerOptions) {
    this.#options = options;
  }

  /** How many messages wait for parts. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * The whole message when this was the last part that it lacked.
   * @param sender who sent it and to whom, since references are theirs
   */
  add(sender: string, { reference, referenceBits, total, part }: Concatenation, body: Buffer): Buffer | undefined {
    this.#expire();
    const key = `${referenceBits} ${reference} ${total} ${sender}`;
    const message = this.#waiting.get(key) ?? this.#begin(key, sender, total);
    if (message === undefined) return undefined;
    if (message.parts[part - 1] !== undefined) {
      this.counters.doubled++;
      return undefined;
    }
    // A copy, so that one part does not keep all of what came with it.
    message.parts[part - 1] = Buffer.from(body);
    if (--message.missing > 0) return undefined;
    this.#forget(key, sender);
    return Buffer.concat(message.parts.filter((octets) => octets !== undefined));
  }

  #begin(key: string, sender: string, total: number): Waiting | undefined {
    const { maximumMessages, maximumMessagesPerSender, maximumSegments, timeoutMilliseconds, now } = this.#options;
    const ofSender = this.#bySender.get(sender) ?? 0;
    if (total > maximumSegments || this.#waiting.size >= maximumMessages || ofSender >= maximumMessagesPerSender) {
      this.counters.refused++;
      return undefined;
    }
    const message: Waiting = {
      sender,
      parts: new Array<Buffer | undefined>(total).fill(undefined),
      until: now() + timeoutMilliseconds,
      missing: total,
    };
    this.#waiting.set(key, message);
    this.#bySender.set(sender, ofSender + 1);
    return message;
  }

  #expire(): void {
    const now = this.#options.now();
    for (const [key, { until, sender }] of this.#waiting) {
      if (until > now) return;
      this.#forget(key, sender);
      this.counters.expired++;
    }
  }

  #forget(key: string, sender: string): void {
    this.#waiting.delete(key);
    const rest = (this.#bySender.get(sender) ?? 0) - 1;
    if (rest > 0) this.#bySender.set(sender, rest);
    else this.#bySender.delete(sender);
  }
}
