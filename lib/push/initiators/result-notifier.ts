import {
  mayNotify,
  PAP_CONTENT_TYPE,
  papAddressOf,
  papStateOf,
  writePapResultNotification,
  type Initiator,
  type PushQueue,
  type ResultNotification,
} from '../../../push/index.ts';
import type { PushInitiatorsConfig } from '../../config/push-initiators.ts';
import type { Logger } from '../../ops/index.ts';
import { initiatorsOf } from './initiators-of.ts';
import { NotificationClient, type NotificationBody } from './notification-client.ts';
import { papCodeOfEnd } from './pap-codes-of.ts';
import { statusJson } from './push-json.ts';

export interface NotifierParts {
  readonly queue: PushQueue;
  readonly logger: Logger;
  /** Milliseconds since 1970-01-01T00:00:00Z; the clock of the queue. */
  readonly now?: () => number;
}

type NotificationsConfig = PushInitiatorsConfig['notifications'];

interface Receiver {
  readonly initiator: Initiator;
  readonly format: 'pap' | 'json';
  underWay: number;
  /** Its server failed: what else it is to get waits until then. */
  restsUntil: number;
}

export type NotifierCounters = Readonly<
  Record<
    /** Attempts. */
    | 'received'
    | 'failed'
    | 'refused'
    /** Given up: the initiator is gone, or lost the right to that URL. */
    | 'forbidden'
    /** Given up: as many attempts as there may be. */
    | 'exhausted'
    | 'queueFailures'
    | 'responsesTooLarge',
    number
  >
>;

/**
 * Tells initiators of the ends of their pushes. A notification stays in the queue until its receiver has it or it is given
 * up, so that one may come twice after a crash, and none is lost.
 */
export class ResultNotifier {
  readonly #counters = { received: 0, failed: 0, refused: 0, forbidden: 0, exhausted: 0, queueFailures: 0 };
  readonly #config: NotificationsConfig;
  readonly #host: string;
  readonly #client: NotificationClient;
  readonly #queue: PushQueue;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #receivers: ReadonlyMap<string, Receiver>;
  readonly #underWay = new Map<number, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;
  #again = false;
  #closed = false;

  private constructor(config: PushInitiatorsConfig, client: NotificationClient, parts: NotifierParts) {
    this.#config = config.notifications;
    this.#host = config.fqdn;
    this.#client = client;
    this.#queue = parts.queue;
    this.#logger = parts.logger;
    this.#now = parts.now ?? Date.now;
    const formats = new Map(config.initiators.map(({ name, notificationFormat }) => [name, notificationFormat]));
    this.#receivers = new Map(
      initiatorsOf(config).map((initiator) => [
        initiator.name,
        { initiator, format: formats.get(initiator.name) ?? 'json', underWay: 0, restsUntil: 0 },
      ]),
    );
  }

  /** @throws the system's error when the file with the authorities cannot be read */
  static async open(config: PushInitiatorsConfig, parts: NotifierParts): Promise<ResultNotifier> {
    return new ResultNotifier(config, await NotificationClient.open(config.notifications), parts);
  }

  /** What became of attempts; `responsesTooLarge` counts answers that were not read to their end. */
  get counters(): NotifierCounters {
    return { ...this.#counters, ...this.#client.counters };
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.wake();
    }, this.#config.pollMilliseconds);
  }

  /** Looks into the queue now. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  /** Breaks off what is under way; it stays in the queue. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#client.close();
    await this.#draining;
    await Promise.all(this.#underWay.values());
  }

  async #drain(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        // Whoever has as many under way as may be is left out in the next look, so that the others are seen.
        while ((await this.#begin()) > 0);
      } catch (error) {
        this.#counters.queueFailures++;
        this.#logger.error({ err: error }, 'notifications cannot be read');
      }
    }
  }

  /** Begins what may be begun; gives how many that were. */
  async #begin(): Promise<number> {
    const { maximumConcurrent } = this.#config;
    const room = maximumConcurrent - this.#underWay.size;
    if (room <= 0 || this.#closed) return 0;
    const busy = [...this.#receivers.values()].filter((receiver) => !this.#isFree(receiver));
    const due = await this.#queue.notifications(
      maximumConcurrent,
      busy.map(({ initiator }) => initiator.name),
    );
    let begun = 0;
    for (const notification of due) {
      const { key, status } = notification;
      const receiver = this.#receivers.get(status.initiator);
      if (this.#underWay.has(key) || (receiver !== undefined && !this.#isFree(receiver))) continue;
      if (this.#underWay.size >= maximumConcurrent) break;
      begun++;
      if (receiver !== undefined) receiver.underWay++;
      const work = this.#tell(notification, receiver).finally(() => {
        if (receiver !== undefined) receiver.underWay--;
        this.#underWay.delete(key);
        this.wake();
      });
      this.#underWay.set(key, work);
    }
    return begun;
  }

  #isFree({ underWay, restsUntil }: Receiver): boolean {
    return underWay < this.#config.maximumConcurrentOfInitiator && restsUntil <= this.#now();
  }

  /** Never rejects. */
  async #tell(notification: ResultNotification, receiver: Receiver | undefined): Promise<void> {
    const { key, url, status } = notification;
    try {
      if (receiver === undefined || !mayNotify(receiver.initiator, url)) {
        this.#giveUp('forbidden', notification);
        await this.#queue.notified(key);
        return;
      }
      const answer = await this.#client.post(url, this.#bodyOf(notification, receiver));
      if (answer.outcome === 'received') {
        this.#counters.received++;
        await this.#queue.notified(key);
      } else if (answer.outcome === 'refused') {
        this.#giveUp('refused', notification, { status: answer.status });
        await this.#queue.notified(key);
      } else if (!this.#closed) {
        receiver.restsUntil = this.#now() + this.#config.firstDelayMilliseconds;
        await this.#failed(notification, answer.reason, answer.retryAfterMilliseconds);
      }
    } catch (error) {
      this.#counters.queueFailures++;
      if (receiver !== undefined) receiver.restsUntil = this.#now() + this.#config.firstDelayMilliseconds;
      this.#logger.error({ err: error, initiator: status.initiator }, 'a notification cannot be settled');
    }
  }

  async #failed(notification: ResultNotification, reason: string, retryAfterMilliseconds = 0): Promise<void> {
    const { key, attempts, status } = notification;
    const { maximumAttempts, firstDelayMilliseconds, maximumDelayMilliseconds } = this.#config;
    this.#counters.failed++;
    if (attempts + 1 >= maximumAttempts) {
      this.#giveUp('exhausted', notification, { reason });
      await this.#queue.notified(key);
      return;
    }
    const backOff = Math.max(firstDelayMilliseconds * 2 ** attempts, retryAfterMilliseconds);
    const delay = Math.min(backOff, maximumDelayMilliseconds);
    this.#logger.debug({ initiator: status.initiator, id: status.id, reason, delay }, 'a notification is put off');
    await this.#queue.putOffNotification(key, this.#now() + delay);
  }

  #giveUp(outcome: 'forbidden' | 'refused' | 'exhausted', { url, status }: ResultNotification, facts = {}): void {
    this.#counters[outcome]++;
    const { initiator, id } = status;
    // A query may hold a secret of the initiator.
    const { origin, pathname } = new URL(url);
    this.#logger.warn(
      { event: 'notification-given-up', outcome, initiator, id, url: origin + pathname, ...facts },
      'an initiator was not told of the end of a push',
    );
  }

  #bodyOf({ status }: ResultNotification, { format }: Receiver): NotificationBody {
    if (format === 'json') return { contentType: 'application/json', text: JSON.stringify(statusJson(status)) };
    const { id, recipient, acceptedAt, changedAt, state, reason } = status;
    const text = writePapResultNotification({
      pushId: id,
      address: papAddressOf(recipient, this.#host),
      receivedTime: acceptedAt,
      eventTime: changedAt,
      state: papStateOf(state),
      result: papCodeOfEnd(status),
      ...(reason === undefined ? {} : { detail: reason }),
    });
    return { contentType: PAP_CONTENT_TYPE, text };
  }
}
