import type { SipTarget } from './sip-target.ts';

/** Which target stands behind an address and port, for requests of dialogs, which name their next hop themselves. */
export class TargetPeers {
  /** How often an address was not learnt for want of room. */
  refused = 0;
  readonly #maximum: number;
  readonly #byAddress = new Map<string, Map<number, SipTarget>>();
  #size = 0;

  /** @param maximum addresses and ports known; a further one is not learnt */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  add(address: string, port: number, target: SipTarget): void {
    const ports = this.#byAddress.get(address);
    if (ports?.has(port) === true) return;
    if (this.#size >= this.#maximum) {
      this.refused++;
      return;
    }
    this.#size++;
    if (ports === undefined) this.#byAddress.set(address, new Map([[port, target]]));
    else ports.set(port, target);
  }

  find(address: string, port: number): SipTarget | undefined {
    return this.#byAddress.get(address)?.get(port);
  }
}
