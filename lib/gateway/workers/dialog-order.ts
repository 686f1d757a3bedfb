import type { Scheduler, Timer } from '../../../sip/index.ts';

/** How long a request waits at most: a worker that takes longer has other worries, and the agent can cope (RFC 6665 4.1.2.4). */
const PATIENCE_MILLISECONDS = 450;

/** Responses under way to other workers at once. Beyond it requests do not wait. */
const MAXIMUM_PENDING = 10_000;

interface Pending {
  readonly callId: string;
  /** Responses that the other worker has not dealt with yet. */
  responses: number;
  readonly waiting: (() => void)[];
  timer: Timer | undefined;
}

/**
 * Keeps what a target sends in the order in which it sent it. The response that sets up a dialog may go to its owner by
 * way of another worker; a request of the same dialog right behind it (NOTIFY behind the 200 of SUBSCRIBE, BYE behind that
 * of INVITE) is dealt with here, and would overtake it. Such a request waits until the owner has said that it is done.
 */
export class DialogOrder {
  readonly counters = { held: 0, late: 0, unordered: 0 };
  readonly #scheduler: Scheduler;
  readonly #pending = new Map<string, Pending>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** A response is on its way to another worker; false when that cannot be kept track of. */
  expect(callId: string): boolean {
    const known = this.#pending.get(callId);
    if (known !== undefined) {
      known.responses++;
      return true;
    }
    if (this.#pending.size >= MAXIMUM_PENDING) {
      this.counters.unordered++;
      return false;
    }
    const pending: Pending = { callId, responses: 1, waiting: [], timer: undefined };
    pending.timer = this.#scheduler.schedule(PATIENCE_MILLISECONDS, this.#giveUp, pending);
    this.#pending.set(callId, pending);
    return true;
  }

  /** True when a request of the dialog has to wait; `resume` takes it up again. */
  hold(callId: string, resume: () => void): boolean {
    const pending = this.#pending.get(callId);
    if (pending === undefined) return false;
    this.counters.held++;
    pending.waiting.push(resume);
    return true;
  }

  /** True while there is anything to wait for: asked for every request. */
  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** The other worker has sent a response on. */
  done(callId: string): void {
    const pending = this.#pending.get(callId);
    if (pending === undefined || --pending.responses > 0) return;
    pending.timer?.cancel();
    this.#release(pending);
  }

  #release(pending: Pending): void {
    this.#pending.delete(pending.callId);
    for (const resume of pending.waiting) resume();
  }

  readonly #giveUp = (pending: Pending): void => {
    this.counters.late++;
    this.#release(pending);
  };
}
