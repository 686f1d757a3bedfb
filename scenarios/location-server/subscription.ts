import type { Scheduler, SipRequest, SipResponse, Timer } from '../../sip/index.ts';
import type { Dialog } from './dialog.ts';

export interface SubscriptionEnvironment {
  readonly scheduler: Scheduler;
  /** Sends a NOTIFY, and calls either when it is known whether the subscriber took it (RFC 6665 4.2.2). */
  sendNotify(notify: SipRequest, dialog: Dialog, outcome: { taken(): void; failed(): void }): void;
  /** The state to notify: the target's location now. */
  document(target: string): string;
  ended(subscription: Subscription): void;
}

/** One subscription on the notifier's side (RFC 6665 4.2): active until it expires, is taken back, or cannot be served. */
export class Subscription {
  readonly dialog: Dialog;
  readonly #environment: SubscriptionEnvironment;
  readonly #target: string;
  readonly #event: string;
  /** Milliseconds between two NOTIFYs of the periodic service. */
  readonly #interval: number;
  #expiresAt = 0;
  #expiry: Timer | undefined;
  #period: Timer | undefined;
  #terminated = false;
  #unanswered = 0;

  constructor(request: SipRequest, dialog: Dialog, interval: number, environment: SubscriptionEnvironment) {
    this.dialog = dialog;
    this.#environment = environment;
    this.#target = request.to.uri;
    this.#event = request.header('Event') ?? '';
    this.#interval = interval;
  }

  /** Answers a SUBSCRIBE, the first one or a refresh, and sends the NOTIFY that every one of them calls for. */
  accept(request: SipRequest, expires: number, respond: (response: SipResponse) => void): void {
    const response = this.dialog.response(request, 200);
    response.set('Expires', String(expires));
    respond(response);
    this.#expiry?.cancel();
    this.#expiresAt = this.#environment.scheduler.now() + expires * 1000;
    if (expires === 0) {
      this.terminate('timeout');
      return;
    }
    this.#expiry = this.#environment.scheduler.schedule(expires * 1000, () => {
      this.terminate('timeout');
    });
    this.#notify(this.#activeState());
    this.#period ??= this.#nextPeriod();
  }

  /** Sends the last NOTIFY and forgets the subscription. */
  terminate(reason: 'timeout' | 'deactivated' | 'noresource'): void {
    if (this.#terminated) return;
    this.#end();
    this.#notify(`terminated;reason=${reason}`);
  }

  #nextPeriod(): Timer {
    return this.#environment.scheduler.schedule(this.#interval, () => {
      // One that overtakes another on the way makes the subscriber refuse the other, by its CSeq (RFC 3261 12.2.2).
      if (this.#unanswered === 0) this.#notify(this.#activeState());
      this.#period = this.#nextPeriod();
    });
  }

  #activeState(): string {
    const left = Math.max(0, Math.ceil((this.#expiresAt - this.#environment.scheduler.now()) / 1000));
    return `active;expires=${left}`;
  }

  #notify(state: string): void {
    const notify = this.dialog.createRequest('NOTIFY');
    notify.append('Event', this.#event);
    notify.append('Subscription-State', state);
    notify.setBody(this.#environment.document(this.#target), 'application/pidf+xml');
    this.#unanswered++;
    this.#environment.sendNotify(notify, this.dialog, {
      taken: () => {
        this.#unanswered--;
      },
      failed: () => {
        this.#end();
      },
    });
  }

  #end(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#expiry?.cancel();
    this.#period?.cancel();
    this.#environment.ended(this);
  }
}
