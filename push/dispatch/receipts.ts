import type { PackedResynchronisation, PushReceipt } from '../message/index.ts';
import type { Clock } from './clock.ts';

/** What an agent made of a package: proven by its key, or, for a resynchronisation, by the key centre later. */
export type AgentAnswer =
  | { readonly kind: 'receipt'; readonly receipt: PushReceipt }
  | { readonly kind: 'resynchronisation'; readonly resynchronisation: PackedResynchronisation };

/** Waits for what agents say of packages that are on their way. */
export class Receipts {
  readonly #clock: Clock;
  /** By the id on the wire, and by RAND in hexadecimal. */
  readonly #byId = new Map<string, (answer: AgentAnswer | undefined) => void>();
  readonly #byRand = new Map<string, (answer: AgentAnswer | undefined) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with the first answer to that push, or undefined when none came in time. Begin before the package is sent. */
  expect(
    wireId: string,
    rand: Buffer | undefined,
  ): { wait(milliseconds: number): Promise<AgentAnswer | undefined>; forget(): void } {
    const randKey = rand?.toString('hex');
    let early: AgentAnswer | undefined;
    let cancel: (() => void) | undefined;
    let take = (answer: AgentAnswer | undefined): void => {
      early ??= answer;
    };
    const receive = (answer: AgentAnswer | undefined): void => {
      take(answer);
    };
    this.#byId.set(wireId, receive);
    if (randKey !== undefined) this.#byRand.set(randKey, receive);
    const forget = (): void => {
      cancel?.();
      if (this.#byId.get(wireId) === receive) this.#byId.delete(wireId);
      if (randKey !== undefined && this.#byRand.get(randKey) === receive) this.#byRand.delete(randKey);
    };
    const wait = (milliseconds: number): Promise<AgentAnswer | undefined> =>
      new Promise((resolve) => {
        if (early !== undefined) {
          resolve(early);
          return;
        }
        cancel = this.#clock.after(milliseconds, () => {
          resolve(undefined);
        });
        take = (answer) => {
          cancel?.();
          resolve(answer);
        };
      });
    return { wait, forget };
  }

  /** False when nobody waits for it. */
  receipt(receipt: PushReceipt): boolean {
    return this.#tell(this.#byId.get(receipt.id), { kind: 'receipt', receipt });
  }

  /** False when nobody waits for it. */
  resynchronisation(resynchronisation: PackedResynchronisation): boolean {
    const waiting = this.#byRand.get(resynchronisation.rand.toString('hex'));
    return this.#tell(waiting, { kind: 'resynchronisation', resynchronisation });
  }

  /** Whoever waits has waited long enough. */
  abandon(): void {
    for (const waiting of this.#byId.values()) waiting(undefined);
  }

  #tell(waiting: ((answer: AgentAnswer) => void) | undefined, answer: AgentAnswer): boolean {
    waiting?.(answer);
    return waiting !== undefined;
  }
}
