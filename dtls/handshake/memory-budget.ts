/** Octets that many holders share: what one takes, another cannot, and at the bound the new is refused. */
export class MemoryBudget {
  readonly maximum: number;
  #used = 0;

  /** @param maximum octets */
  constructor(maximum: number) {
    this.maximum = maximum;
  }

  get used(): number {
    return this.#used;
  }

  /** False when there is no room; then nothing was taken. */
  take(octets: number): boolean {
    if (this.#used + octets > this.maximum) return false;
    this.#used += octets;
    return true;
  }

  release(octets: number): void {
    this.#used -= octets;
  }
}
