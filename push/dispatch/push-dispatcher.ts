import { LRUCache } from 'lru-cache';

import type { GatewayAssociations } from '../association/index.ts';
import type { Carrier } from '../carriers/index.ts';
import { parsePushLayerMessage } from '../layer/index.ts';
import { parsePushPackage, parsePushReceipt, type PushPackage } from '../message/index.ts';
import type { PushQueue, QueuedPush } from '../queue/index.ts';
import { AssociationMaker, type AssociationMakerOptions } from './association-maker.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { Courier, type CourierOutcome } from './courier.ts';
import { retryDelay, type DispatchSettings } from './dispatch-settings.ts';
import { Receipts } from './receipts.ts';

export interface PushDispatcherOptions extends Omit<AssociationMakerOptions, 'clock'> {
  readonly queue: PushQueue;
  /** In order of preference. */
  readonly carriers: readonly Carrier[];
  readonly associations: GatewayAssociations;
  readonly settings: DispatchSettings;
  readonly clock?: Clock;
  /** From 0 to 1, for delays. */
  readonly random?: () => number;
  /** Hears of the end of each attempt; never of what is in a push. */
  readonly onAttempt?: (push: QueuedPush, outcome: CourierOutcome) => void;
  /** The queue failed: the dispatcher goes on trying. */
  readonly onError?: (error: unknown) => void;
}

/** A receipt that comes after so many other pushes were sent is too late. */
const REMEMBERED_PUSHES = 100_000;

/** After the queue failed; it may come back. */
const ERROR_PAUSE_MILLISECONDS = 1000;

/** Takes pushes from the queue when their time has come, and brings each to its end. */
export class PushDispatcher {
  readonly counters = { attempts: 0, delivered: 0, putOff: 0, undeliverable: 0, expired: 0, uplinkIgnored: 0 };
  readonly #options: PushDispatcherOptions;
  readonly #clock: Clock;
  readonly #receipts: Receipts;
  readonly #courier: Courier;
  readonly #active = new Set<Promise<void>>();
  /** What was given to a carrier and has not ended, so that a receipt that is late still counts. */
  readonly #sent = new LRUCache<string, number>({ max: REMEMBERED_PUSHES });
  #cancelWake: (() => void) | undefined;
  #running = false;
  #looking = false;
  #lookAgain = false;

  constructor(options: PushDispatcherOptions) {
    const clock = options.clock ?? SYSTEM_CLOCK;
    this.#options = options;
    this.#clock = clock;
    this.#receipts = new Receipts(clock);
    this.#courier = new Courier({
      carriers: options.carriers,
      associations: options.associations,
      maker: new AssociationMaker({ ...options, clock }),
      receipts: this.#receipts,
      settings: options.settings,
      readReply: (octets) => this.#read(octets),
    });
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** There may be something to do: a push was accepted. */
  wake(): void {
    if (!this.#running) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    this.#look()
      .catch((error: unknown) => {
        this.#options.onError?.(error);
        this.#wakeAfter(ERROR_PAUSE_MILLISECONDS);
      })
      .finally(() => {
        this.#looking = false;
        if (!this.#lookAgain) return;
        this.#lookAgain = false;
        this.wake();
      });
  }

  /** Takes a package that an agent sent on its own. */
  uplink(octets: Buffer): void {
    this.#read(octets).catch((error: unknown) => this.#options.onError?.(error));
  }

  /** Takes no more pushes, and waits for those under way; what then has no receipt is tried again after the next start. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#running = false;
    this.#cancelWake?.();
    const cancel = this.#clock.after(graceMilliseconds, () => {
      this.#receipts.abandon();
    });
    await Promise.all(this.#active);
    cancel();
  }

  async #look(): Promise<void> {
    const { queue, settings } = this.#options;
    this.#cancelWake?.();
    const before = this.#clock.now();
    this.counters.expired += await queue.expire();
    const room = settings.concurrency - this.#active.size;
    for (const push of room > 0 ? await queue.take(room) : []) this.#begin(push);
    const next = await queue.nextDue();
    // One that was due and was not taken waits for its turn, which the end of another one is. One whose time came while the queue
    // was asked may have been overlooked.
    if (next !== undefined && next > before) this.#wakeAfter(Math.max(0, next - this.#clock.now()));
  }

  #wakeAfter(milliseconds: number): void {
    this.#cancelWake?.();
    this.#cancelWake = this.#clock.after(milliseconds, () => {
      this.wake();
    });
  }

  #begin(push: QueuedPush): void {
    const work = this.#deliver(push)
      .catch((error: unknown) => this.#options.onError?.(error))
      .finally(() => {
        this.#active.delete(work);
        this.wake();
      });
    this.#active.add(work);
  }

  async #deliver(push: QueuedPush): Promise<void> {
    const { queue, settings, random = Math.random, onAttempt } = this.#options;
    this.counters.attempts++;
    this.#sent.set(push.wireId, push.key);
    const outcome = await this.#courier.deliver(push);
    onAttempt?.(push, outcome);
    const { attempted } = outcome;
    switch (outcome.outcome) {
      case 'delivered':
        this.counters.delivered++;
        await this.#settle(push, 'delivered', { attempted });
        return;
      case 'undeliverable':
        this.counters.undeliverable++;
        await this.#settle(push, 'undeliverable', { attempted, reason: outcome.reason });
        return;
      case 'failed': {
        const { reason, retryAfterMilliseconds = 0 } = outcome;
        this.counters.putOff++;
        const delay = Math.max(retryDelay(settings, push.attempts, random), retryAfterMilliseconds);
        await queue.putOff(push.key, this.#clock.now() + delay, { attempted, reason });
      }
    }
  }

  async #settle(
    push: Pick<QueuedPush, 'key' | 'wireId'>,
    state: 'delivered' | 'undeliverable',
    end: { attempted: boolean; reason?: string },
  ): Promise<void> {
    this.#sent.delete(push.wireId);
    await this.#options.queue.settle(push.key, state, end);
  }

  /** Tells whoever waits for what a package says. Undefined for what is none. */
  async #read(octets: Buffer): Promise<PushPackage | undefined> {
    const parts = parsePushPackage(octets);
    if (parts?.resynchronisation !== undefined && !this.#receipts.resynchronisation(parts.resynchronisation)) {
      this.counters.uplinkIgnored++;
    }
    const message = parts?.message === undefined ? undefined : parsePushLayerMessage(parts.message);
    if (message !== undefined) await this.#readReceipt(message);
    if (parts === undefined) this.counters.uplinkIgnored++;
    return parts;
  }

  async #readReceipt(message: Parameters<GatewayAssociations['open']>[0]): Promise<void> {
    const opening = await this.#options.associations.open(message);
    const receipt = opening.ok ? parsePushReceipt(opening.text) : undefined;
    if (receipt === undefined) {
      this.counters.uplinkIgnored++;
      return;
    }
    if (this.#receipts.receipt(receipt)) return;
    const key = this.#sent.get(receipt.id);
    if (key === undefined || receipt.outcome !== 'delivered') {
      this.counters.uplinkIgnored++;
      return;
    }
    // It was put off in the meantime, and need not be tried again.
    this.counters.delivered++;
    await this.#settle({ key, wireId: receipt.id }, 'delivered', { attempted: false });
  }
}
