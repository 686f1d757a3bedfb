import type { Flow } from '../../../sip/index.ts';
import { powerOfTwo } from './source-table.ts';

/** Datagrams that wait, first come, first served: a ring of fixed size. */
export class DatagramLane {
  /** Octets that wait. */
  octets = 0;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #datagrams: (Buffer | undefined)[];
  readonly #flows: (Flow | undefined)[];
  readonly #arrivedAt: Float64Array;
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    const places = powerOfTwo(capacity);
    this.#capacity = capacity;
    this.#mask = places - 1;
    this.#datagrams = new Array<Buffer | undefined>(places).fill(undefined);
    this.#flows = new Array<Flow | undefined>(places).fill(undefined);
    this.#arrivedAt = new Float64Array(places);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  /** Only where the lane is not full. */
  push(datagram: Buffer, flow: Flow, now: number): void {
    const place = (this.#head + this.#size) & this.#mask;
    this.#datagrams[place] = datagram;
    this.#flows[place] = flow;
    this.#arrivedAt[place] = now;
    this.#size++;
    this.octets += datagram.length;
  }

  /** When the datagram at the head came; only where there is one. */
  get headArrivedAt(): number {
    return this.#arrivedAt[this.#head] ?? 0;
  }

  get headDatagram(): Buffer | undefined {
    return this.#datagrams[this.#head];
  }

  get headFlow(): Flow | undefined {
    return this.#flows[this.#head];
  }

  /** Forgets the datagram at the head; only where there is one. */
  shift(): void {
    this.octets -= this.#datagrams[this.#head]?.length ?? 0;
    this.#datagrams[this.#head] = undefined;
    this.#flows[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#size--;
  }
}
