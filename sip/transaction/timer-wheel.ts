import type { Scheduler, Timer } from '../scheduler.ts';

/** How long a slot of the wheel is, in milliseconds: the precision of SIP timers, of which the shortest is 500 ms. */
const DEFAULT_TICK_MILLISECONDS = 10;

/** Slots; with 10 ms a turn takes 40.96 s, longer than all timers but timer C. A power of two. */
const SLOTS = 4096;

/**
 * A hashed timer wheel: starting and cancelling a timer cost the same however many there are, unlike one `setTimeout` a
 * transaction. Timers longer than a turn wait for theirs.
 */
export class TimerWheel implements Scheduler {
  readonly #now: () => number;
  readonly #tick: number;
  readonly #slots: (WheelTimer | undefined)[] = new Array<WheelTimer | undefined>(SLOTS).fill(undefined);
  #lastTick: number;
  #size = 0;
  /** The timer that a walk through its slot comes to next; it moves on when that one is taken out. */
  #walk: WheelTimer | undefined;
  #interval: NodeJS.Timeout | undefined;

  constructor(options: { now?: () => number; tickMilliseconds?: number } = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#tick = options.tickMilliseconds ?? DEFAULT_TICK_MILLISECONDS;
    this.#lastTick = Math.floor(this.#now() / this.#tick);
  }

  /** Timers that wait. */
  get size(): number {
    return this.#size;
  }

  now(): number {
    return this.#now();
  }

  schedule<T>(delay: number, callback: (argument: T) => void, argument?: T): Timer {
    const due = Math.max(Math.ceil((this.#now() + delay) / this.#tick), this.#lastTick + 1);
    const timer = new WheelTimer(this, due, callback as (argument: unknown) => void, argument);
    this.#insert(timer);
    return timer;
  }

  /** Fires what is due. A driver calls it at least once a tick. */
  advance(): void {
    const target = Math.floor(this.#now() / this.#tick);
    // After a long stop one turn visits every slot; more turns would find nothing new.
    if (target - this.#lastTick > SLOTS) this.#lastTick = target - SLOTS;
    while (this.#lastTick < target) {
      this.#lastTick++;
      this.#fireSlot(this.#lastTick % SLOTS, target);
    }
  }

  /** Drives the wheel by a real interval. It does not keep the process alive. */
  start(): void {
    this.#interval ??= setInterval(() => {
      this.advance();
    }, this.#tick).unref();
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
  }

  #fireSlot(slot: number, target: number): void {
    let timer = this.#slots[slot];
    while (timer !== undefined) {
      this.#walk = timer.next;
      const { callback, argument } = timer;
      if (callback !== undefined && timer.due <= target) {
        this.remove(timer);
        callback(argument);
      }
      timer = this.#walk;
    }
  }

  #insert(timer: WheelTimer): void {
    const slot = timer.due % SLOTS;
    const head = this.#slots[slot];
    timer.next = head;
    if (head !== undefined) head.previous = timer;
    this.#slots[slot] = timer;
    this.#size++;
  }

  /**
   * Takes a timer out. It keeps nothing of its neighbours: one that has grown old in the heap would keep the younger ones there
   * alive, and those their neighbours, until the next full collection of garbage.
   */
  remove(timer: WheelTimer): void {
    if (timer.callback === undefined) return;
    timer.callback = undefined;
    timer.argument = undefined;
    if (timer === this.#walk) this.#walk = timer.next;
    if (timer.previous === undefined) this.#slots[timer.due % SLOTS] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    this.#size--;
  }
}

class WheelTimer implements Timer {
  readonly due: number;
  callback: ((argument: unknown) => void) | undefined;
  argument: unknown;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;
  readonly #wheel: TimerWheel;

  constructor(wheel: TimerWheel, due: number, callback: (argument: unknown) => void, argument: unknown) {
    this.#wheel = wheel;
    this.due = due;
    this.callback = callback;
    this.argument = argument;
  }

  cancel(): void {
    this.#wheel.remove(this);
  }
}
