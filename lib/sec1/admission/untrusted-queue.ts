import type { Flow } from '../../../sip/index.ts';
import { DatagramLane } from './datagram-lane.ts';

export interface UntrustedQueueOptions {
  /** Datagrams in each of the two lanes. */
  readonly maximumDatagrams: number;
  /** Octets in both lanes together. */
  readonly maximumBytes: number;
  /** What has waited longer is dropped: its sender has sent it again by then. */
  readonly maximumAgeMilliseconds: number;
  /** How long strangers are served in one turn of the event loop. */
  readonly sliceMicroseconds: number;
  readonly deliver: (datagram: Buffer, flow: Flow) => void;
  /** Runs a callback in the next turn of the event loop, after what its sockets have brought. */
  readonly defer: (callback: () => void) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Of so many served, one comes from the back lane while somebody waits there: nobody can shut newcomers out. */
const FRONT_SHARE = 4;

/**
 * So many datagrams in one turn mean that a socket has more than it gave: libuv reads 32 at most. The kernel's buffer is
 * shared by all sources, and what it drops for want of room it drops blindly, so it is emptied first: meanwhile one stranger
 * is served in each turn, about a third of the time.
 */
const PRESSED_ARRIVALS = 28;

/**
 * Where datagrams from strangers wait: served a slice at a time between the turns of the event loop, in which everybody
 * else is served at once. Those who were challenged a moment ago wait in the front lane, all others in the back lane.
 */
export class UntrustedQueue {
  readonly counters = { 'queue-full': 0, 'queue-too-old': 0, served: 0 };
  readonly #options: UntrustedQueueOptions;
  readonly #front: DatagramLane;
  readonly #back: DatagramLane;
  #deferred = false;
  #turn = 0;
  #arrivals = 0;

  constructor(options: UntrustedQueueOptions) {
    this.#options = options;
    this.#front = new DatagramLane(options.maximumDatagrams);
    this.#back = new DatagramLane(options.maximumDatagrams);
  }

  /** Datagrams that wait. */
  get length(): number {
    return this.#front.size + this.#back.size;
  }

  /** Tells the queue that a datagram came, whosever it is. */
  noteArrival(): void {
    this.#arrivals++;
  }

  /** Lets a datagram wait, or drops it and counts it where there is no room. */
  push(datagram: Buffer, flow: Flow, isChallenged: boolean, now: number): void {
    const lane = isChallenged ? this.#front : this.#back;
    const octets = this.#front.octets + this.#back.octets + datagram.length;
    if (lane.isFull || octets > this.#options.maximumBytes) {
      this.counters['queue-full']++;
      return;
    }
    // Datagrams are lent.
    lane.push(Buffer.from(datagram), flow, now);
    if (this.#deferred) return;
    this.#deferred = true;
    this.#options.defer(this.#drain);
  }

  readonly #drain = (): void => {
    const { now, deliver, sliceMicroseconds, maximumAgeMilliseconds } = this.#options;
    const slice = this.#arrivals >= PRESSED_ARRIVALS ? 0 : sliceMicroseconds / 1000;
    this.#arrivals = 0;
    let time = now();
    const end = time + slice;
    for (;;) {
      const lane = this.#nextLane();
      if (lane === undefined) break;
      const { headDatagram, headFlow, headArrivedAt } = lane;
      lane.shift();
      if (headDatagram === undefined || headFlow === undefined) break;
      // Over a connection nobody sends again.
      if (time - headArrivedAt > maximumAgeMilliseconds && !headFlow.transport.reliable) {
        // Costs next to nothing, so that it does not count against the slice.
        this.counters['queue-too-old']++;
        continue;
      }
      this.counters.served++;
      deliver(headDatagram, headFlow);
      time = now();
      if (time >= end) break;
    }
    this.#deferred = this.length > 0;
    if (this.#deferred) this.#options.defer(this.#drain);
  };

  #nextLane(): DatagramLane | undefined {
    if (this.#front.size === 0) return this.#back.size === 0 ? undefined : this.#back;
    this.#turn++;
    return this.#turn % FRONT_SHARE === 0 && this.#back.size > 0 ? this.#back : this.#front;
  }
}
