/** What reads and sends the datagrams of one socket. */
export interface GatheredSocket {
  /** Hands over what has come, as much as one call reads; returns how many datagrams that were. */
  read(): number;
  /** Sends what waits. */
  flush(): void;
}

/** Time, in milliseconds, and standing still. */
export interface GatheringClock {
  now(): number;
  sleep(milliseconds: number): void;
}

/** Nobody ever wakes it: a wait there lasts as long as it may. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

const CLOCK: GatheringClock = {
  now: () => performance.now(),
  sleep: (milliseconds) => void Atomics.wait(NEVER, 0, 0, milliseconds),
};

/** Readings of all sockets between two turns of the event loop: a flood leaves time for all else. */
const READINGS_A_TURN = 4;

/**
 * Lets the datagrams of all sockets gather for a moment before they are read, where they come so densely that more are to be
 * expected: network cards moderate their interrupts for the same reason. As long as they do, the thread does not sleep in the event
 * loop, where the first datagram wakes it, but stands still for that moment in each turn and then reads what has come. Ten
 * datagrams in one turn cost less than half of ten in a turn each, for which caches have gone cold and the thread has to be woken up.
 */
export class Gathering {
  readonly #milliseconds: number;
  readonly #clock: GatheringClock;
  #sockets: readonly GatheredSocket[] = [];
  #isDense = false;
  /** In the last turn not everything could be read that had come. */
  #isPressed = false;
  /** When the last turn ended, or datagrams came after a pause, and how many came then. */
  #turnAt = -Infinity;
  #count = 0;

  /** @param milliseconds how long a datagram may wait for others */
  constructor(milliseconds: number, clock: GatheringClock = CLOCK) {
    this.#milliseconds = milliseconds;
    this.#clock = clock;
  }

  enter(socket: GatheredSocket): void {
    this.#sockets = [...this.#sockets, socket];
  }

  leave(socket: GatheredSocket): void {
    this.#sockets = this.#sockets.filter((one) => one !== socket);
  }

  /** So many datagrams came after a pause. They are dense if at the pace of the last time another one comes within the moment. */
  arrived(datagrams: number): void {
    if (this.#isDense) return;
    const now = this.#clock.now();
    const isDense = this.#count > 0 && this.#count * this.#milliseconds >= now - this.#turnAt;
    this.#turnAt = now;
    this.#count = datagrams;
    if (!isDense) return;
    this.#isDense = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    // What others did since the last reading was time to gather as well.
    const rest = this.#milliseconds - (this.#clock.now() - this.#turnAt);
    if (!this.#isPressed && rest > 0) this.#clock.sleep(rest);
    let count = 0;
    let last = 0;
    for (let reading = 0; reading < READINGS_A_TURN; reading++) {
      last = 0;
      for (const socket of this.#sockets) last += socket.read();
      for (const socket of this.#sockets) socket.flush();
      if (last === 0) break;
      count += last;
    }
    this.#isPressed = last > 0;
    this.#turnAt = this.#clock.now();
    this.#count = 0;
    if (count > 0) setImmediate(this.#turn);
    else this.#isDense = false;
  };
}
