import type { CarrierFailure } from '../carrier.ts';
import type { DeliveryReceipt } from './delivery-receipt.ts';

/** Knows which messages of the SMSC carry which delivery, so that a receipt of failure ends it early. */
export class ReceiptTracker {
  readonly counters = { delivered: 0, failed: 0, unmatched: 0, untracked: 0 };
  readonly #maximum: number;
  readonly #waiting = new Map<string, (failure: CarrierFailure) => void>();

  /** @param maximum messages whose receipts are waited for at once; further ones are not */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Until `answered` is aborted. */
  track(messageId: string, answered: AbortSignal, failed: (failure: CarrierFailure) => void): void {
    if (messageId === '' || answered.aborted) return;
    const key = messageId.toLowerCase();
    if (this.#waiting.size >= this.#maximum || this.#waiting.has(key)) {
      this.counters.untracked++;
      return;
    }
    this.#waiting.set(key, failed);
    answered.addEventListener(
      'abort',
      () => {
        if (this.#waiting.get(key) === failed) this.#waiting.delete(key);
      },
      { once: true },
    );
  }

  receive({ messageId, state }: DeliveryReceipt): void {
    if (state === 'pending') return;
    this.counters[state]++;
    const key = messageId.toLowerCase();
    const failed = this.#waiting.get(key);
    if (failed === undefined) {
      this.counters.unmatched++;
      return;
    }
    this.#waiting.delete(key);
    if (state === 'failed') failed({ outcome: 'failed', temporary: true, reason: 'smpp-undelivered' });
  }
}
