/** Time, as the dispatcher is given it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Does something once, later; what is given back cancels it. */
  after(milliseconds: number, work: () => void): () => void;
}

/** The longest time that the timers of Node.js can wait. */
const MAXIMUM_MILLISECONDS = 2 ** 31 - 1;

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, Math.min(Math.max(0, milliseconds), MAXIMUM_MILLISECONDS));
    return () => {
      clearTimeout(timer);
    };
  },
};
