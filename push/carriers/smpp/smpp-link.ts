import type { Duplex } from 'node:stream';

import type { Clock } from '../../dispatch/clock.ts';
import { ESME_ROK, statusMeaning } from './command-status.ts';
import {
  SmppSession,
  type SmppEnd,
  type SmppFields,
  type SmppOutcome,
  type SmppSessionCounters,
  type SmppSessionSettings,
} from './smpp-session.ts';

/** Who we are to the SMSC (SMPP 3.4 5.2.1 to 5.2.3). */
export interface SmppAccount {
  /** At most 15 octets. */
  readonly systemId: string;
  /** At most 8 octets; secret. */
  readonly password: string;
  /** At most 12 octets. */
  readonly systemType: string;
}

export interface SmppLinkSettings extends SmppSessionSettings {
  /** Between a lost connection and the next attempt, doubled with each one that fails up to the maximum. */
  readonly initialReconnectMilliseconds: number;
  readonly maximumReconnectMilliseconds: number;
}

export interface SmppLinkOptions {
  /** Begins a connection, and calls `ready` when it is there. */
  readonly connect: (ready: () => void) => Duplex;
  readonly account: SmppAccount;
  readonly settings: SmppLinkSettings;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly onDeliver: (fields: SmppFields) => number;
  readonly onEvent?: ((event: SmppLinkEvent) => void) | undefined;
}

/** What operators want to hear of. */
export type SmppLinkEvent =
  | { readonly kind: 'bound' }
  /** `reason` is the end of the connection, or the name of the command_status that the bind was refused with. */
  | { readonly kind: 'lost' | 'bind-refused'; readonly reason: string };

export type SmppLinkState = 'connecting' | 'bound' | 'waiting' | 'closed';

export interface SmppLinkCounters extends SmppSessionCounters {
  binds: number;
  bindsRefused: number;
  connectionsLost: number;
}

/** interface_version: 3.4. */
const INTERFACE_VERSION = 0x34;

/** Keeps us bound to one SMSC as a transceiver: connects, binds, and begins again when the connection is lost. */
export class SmppLink {
  readonly counters: SmppLinkCounters = {
    binds: 0,
    bindsRefused: 0,
    connectionsLost: 0,
    malformed: 0,
    unexpected: 0,
    responseTimeouts: 0,
  };
  readonly #options: SmppLinkOptions;
  #state: SmppLinkState = 'connecting';
  #session: SmppSession | undefined;
  #failures = 0;
  #cancel: (() => void) | undefined;

  constructor(options: SmppLinkOptions) {
    this.#options = options;
    this.#connect();
  }

  get state(): SmppLinkState {
    return this.#state;
  }

  /** Requests that the SMSC has not answered. */
  get outstanding(): number {
    return this.#session?.outstanding ?? 0;
  }

  /** `done` is called once, and before anything that comes after the response is read; with `ended` at once when not bound. */
  request(command: string, fields: SmppFields, done: (outcome: SmppOutcome) => void): void {
    if (this.#state !== 'bound' || this.#session === undefined) done('ended');
    else this.#session.request(command, fields, done);
  }

  /** Unbinds, when bound; waits no longer for the SMSC than for any response. */
  async close(): Promise<void> {
    const wasBound = this.#state === 'bound';
    this.#state = 'closed';
    this.#cancel?.();
    const session = this.#session;
    if (session === undefined) return;
    if (wasBound) {
      await new Promise<void>((resolve) => {
        session.request('unbind', {}, () => {
          resolve();
        });
      });
    }
    session.end('closed');
  }

  #connect(): void {
    this.#state = 'connecting';
    const { connect, clock, settings, onDeliver } = this.#options;
    let session: SmppSession | undefined = undefined;
    const stream = connect(() => {
      this.#cancel?.();
      if (session !== undefined) this.#bind(session);
    });
    session = new SmppSession({
      stream,
      settings,
      clock,
      counters: this.counters,
      onDeliver,
      onEnd: (reason) => {
        this.#lost(reason);
      },
    });
    this.#session = session;
    this.#cancel = clock.after(settings.responseTimeoutMilliseconds, () => {
      this.#session?.end('no-answer');
    });
  }

  #bind(session: SmppSession): void {
    const { account } = this.#options;
    const fields = {
      system_id: account.systemId,
      password: account.password,
      system_type: account.systemType,
      interface_version: INTERFACE_VERSION,
      addr_ton: 0,
      addr_npi: 0,
      address_range: '',
    };
    session.request('bind_transceiver', fields, (outcome) => {
      if (outcome === 'ended' || this.#state !== 'connecting') return;
      if (typeof outcome === 'object' && outcome.status === ESME_ROK && outcome.command !== 'generic_nack') {
        this.#state = 'bound';
        this.#failures = 0;
        this.counters.binds++;
        session.bound();
        this.#options.onEvent?.({ kind: 'bound' });
        return;
      }
      if (typeof outcome === 'object') {
        this.counters.bindsRefused++;
        this.#options.onEvent?.({ kind: 'bind-refused', reason: statusMeaning(outcome.status).reason });
      }
      session.end(outcome === 'timeout' ? 'no-answer' : 'closed');
    });
  }

  #lost(reason: SmppEnd): void {
    this.#session = undefined;
    this.#cancel?.();
    if (this.#state === 'closed') return;
    if (reason !== 'closed') {
      this.counters.connectionsLost++;
      this.#options.onEvent?.({ kind: 'lost', reason });
    }
    this.#state = 'waiting';
    const { settings, clock, random } = this.#options;
    const doubled = settings.initialReconnectMilliseconds * 2 ** Math.min(this.#failures++, 30);
    const whole = Math.min(doubled, settings.maximumReconnectMilliseconds);
    // From half to the whole, so that many gateways do not come at once.
    this.#cancel = clock.after(Math.round(whole * (0.5 + random() / 2)), () => {
      this.#connect();
    });
  }
}
