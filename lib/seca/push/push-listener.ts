import { randomUUID } from 'node:crypto';

import { GpiCodecV1, GpiReceiver, PushReceiver, type PushApplication, type Reception } from '../../../push/index.ts';
import type { Peer } from '../../../sip/index.ts';
import type { AgentConfig } from '../../config/index.ts';
import { createUsim } from '../agent.ts';
import { openAgentPushStore, type AgentPushStore } from './agent-push-store.ts';
import { PushDatagrams } from './push-datagrams.ts';
import { PushIntake } from './push-intake.ts';
import { pushUicc } from './push-uicc.ts';
import { openSipListener, type SipListenerEvents, type SipPushListener } from './sip-push-listener.ts';

export interface PushListenerEvents extends SipListenerEvents {
  /** What became of a package; nothing of it is secret. */
  received?(reception: Reception, source: string): void;
  /** A fault of ours: the store, or the card. */
  failed?(error: unknown): void;
}

export interface PushListenerOptions {
  /** What gets the pushes. */
  readonly application: PushApplication;
  /** Ends after so many were delivered; more are to be tried again. */
  readonly count?: number;
  readonly events?: PushListenerEvents;
}

/** How often what has ended is removed from the store. */
const PURGE_MILLISECONDS = 600_000;

/** `osgate agent listen`: takes pushes by SIP and as bare datagrams, and hands each to the application once. */
export class PushListener {
  readonly intake: PushIntake;
  readonly #store: AgentPushStore;
  readonly #done = Promise.withResolvers<undefined>();
  readonly #purge: NodeJS.Timeout;
  #datagrams: PushDatagrams | undefined;
  #sip: SipPushListener | undefined;

  private constructor(store: AgentPushStore, intake: PushIntake, done: Promise<unknown>) {
    this.#store = store;
    this.intake = intake;
    void done.then(() => {
      this.#done.resolve(undefined);
    });
    // A store that cannot be used shows with the next push.
    this.#purge = setInterval(() => void store.purge().catch(() => undefined), PURGE_MILLISECONDS);
    this.#purge.unref();
  }

  /**
   * Listens, and is registered when it resolves.
   *
   * @throws OsgateError OSGATE_STORE, OSGATE_AGENT_NETWORK, OSGATE_AGENT_REFUSED, OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC,
   *   OSGATE_CONFIG_INVALID; SipError OSGATE_SIP_BIND_FAILED
   */
  static async start(config: AgentConfig, options: PushListenerOptions): Promise<PushListener> {
    const { push } = config;
    const { events = {} } = options;
    const store = openAgentPushStore(config);
    const uicc = createUsim(config);
    const gate = new ApplicationGate(options, store, push.maximumRemembered);
    const intake = new PushIntake({
      receiver: createReceiver(config, store, pushUicc(uicc), gate.application),
      maximumUnderWay: push.concurrency + push.maximumWaiting,
      repliesRemembered: push.repliesRemembered,
      replyMilliseconds: push.replySeconds * 1000,
      events: {
        received: (reception, source) => events.received?.(reception, source),
        failed: (error) => events.failed?.(error),
      },
    });
    const listener = new PushListener(store, intake, gate.done);
    try {
      if (push.udp !== undefined) listener.#datagrams = await PushDatagrams.open({ ...push.udp, intake });
      if (push.sip) {
        const instance = await store.instance(randomUUID);
        listener.#sip = await openSipListener({ config, uicc, intake, instance, events });
      }
      return listener;
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  /** Resolves when as many pushes were delivered as were asked for. */
  get done(): Promise<unknown> {
    return this.#done.promise;
  }

  /** Where bare datagrams are taken. */
  get udp(): Peer | undefined {
    return this.#datagrams?.local;
  }

  get counters(): Readonly<Record<string, unknown>> {
    return {
      ...this.intake.counters,
      ...(this.#datagrams === undefined ? {} : { udp: this.#datagrams.counters }),
      ...(this.#sip === undefined ? {} : { sip: this.#sip.counters }),
      storeRefused: this.#store.refused,
    };
  }

  /** Answers what is under way, takes the registration back, and frees everything. */
  async close(): Promise<void> {
    clearInterval(this.#purge);
    await this.intake.close();
    // Answers go out before the sockets close.
    await Promise.all([this.#datagrams?.close(), this.#sip?.close()]);
    await this.#store.close();
  }
}

/** Stands before the application, and counts what it has got. */
class ApplicationGate {
  readonly #options: PushListenerOptions;
  readonly #store: AgentPushStore;
  readonly #maximumRemembered: number;
  readonly #done = Promise.withResolvers<undefined>();
  #underWay = 0;
  #delivered = 0;

  constructor(options: PushListenerOptions, store: AgentPushStore, maximumRemembered: number) {
    this.#options = options;
    this.#store = store;
    this.#maximumRemembered = maximumRemembered;
  }

  get done(): Promise<unknown> {
    return this.#done.promise;
  }

  readonly application: PushApplication = async (content, gateway) => {
    const { application, count = Infinity } = this.#options;
    // What comes beyond is for the next run.
    if (this.#delivered + this.#underWay >= count) return 'failed';
    this.#underWay++;
    try {
      // What could not be remembered would come twice.
      if (!(await this.#hasRoom())) return 'failed';
      const outcome = await application(content, gateway);
      if (outcome === 'delivered') this.#delivered++;
      return outcome;
    } finally {
      this.#underWay--;
      if (this.#delivered >= count) this.#done.resolve(undefined);
    }
  };

  async #hasRoom(): Promise<boolean> {
    const { delivered } = this.#store;
    const isFull = async (): Promise<boolean> => (await delivered.size()) + this.#underWay > this.#maximumRemembered;
    if (!(await isFull())) return true;
    await delivered.purge();
    return !(await isFull());
  }
}

function createReceiver(
  config: AgentConfig,
  { associations, delivered }: AgentPushStore,
  uicc: ReturnType<typeof pushUicc>,
  application: PushApplication,
): PushReceiver {
  const { impi, gatewayFqdn, push } = config;
  const gateways = new Set(push.gateways ?? [gatewayFqdn]);
  const acceptsNaf = (fqdn: string): boolean => gateways.has(fqdn);
  const gpi = new GpiReceiver({ codec: new GpiCodecV1(), uicc, associations, impi, acceptsNaf });
  return new PushReceiver({ gpi, associations, delivered, application });
}
