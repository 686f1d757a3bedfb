/** A timer that was started; cancelling one that has fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as the SIP core sees it. The core never reads a clock or starts a timer of its own, so tests drive it through
 * virtual time (see `VirtualScheduler` in test/support) and servers through one timer wheel.
 */
export interface Scheduler {
  /** Milliseconds on a clock that never goes back; its zero means nothing. */
  now(): number;
  /** Runs `callback` once, `delay` milliseconds from now or at most one tick later. */
  schedule(delay: number, callback: () => void): Timer;
  /** The same with an argument for the callback, so that a timer that is started for each message needs no closure. */
  schedule<T>(delay: number, callback: (argument: T) => void, argument: T): Timer;
}
