import { setTimeout as delay } from 'node:timers/promises';

import type { DigestUserSource, KeyCentre } from '../../kmc/index.ts';
import { DTLS_VIA_TRANSPORT, type NodeDnsClient, type TimerWheel, type TransactionEngine } from '../../sip/index.ts';
import { requireSection, type Config, type GatewayConfig } from '../config/index.ts';
import { MethodPolicy } from '../identity/index.ts';
import type { FlowList, Logger, Metrics, Readiness, ReloadReport, Service, Status } from '../ops/index.ts';
import type { SipEdge, SipListener, SipRouter } from '../sec1/index.ts';
import type { TargetStatus } from '../sec3/index.ts';
import type { Admission } from './admission.ts';
import type { AssociationsHandover } from './dtls/associations-handover.ts';
import type { DatagramListener } from './dtls/datagram-listener.ts';
import type { KeyLog } from './dtls/key-log.ts';
import type { EdgeReporter } from './edge-reporter.ts';
import type { FlowParts } from './flow-parts.ts';
import { KeyCentreProbe } from './key-centre-probe.ts';
import type { ListeningFacts } from './log-listening.ts';
import type { PushAssociationReader } from './push-associations.ts';
import { openLentFlows } from './push/lent-flows.ts';
import { PushService } from './push/push-service.ts';
import type { SipPushParts } from './push/sip-parts.ts';
import { planReload } from './reload-plan.ts';
import type { GatewayListener } from './sip-listeners.ts';
import type { SipTap } from './sip-tap.ts';
import type { SipTargetService } from './sip-target-service.ts';
import type { WorkerRelay } from './workers/worker-relay.ts';

/** How often a draining gateway looks whether its last transaction is over. */
const DRAIN_POLL_MILLISECONDS = 50;

/** What a gateway is made of; open-gateway.ts puts it together. */
export interface GatewayParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly reporter: EdgeReporter;
  readonly tap: SipTap;
  readonly listeners: readonly GatewayListener[];
  readonly datagramListeners: readonly DatagramListener[];
  readonly handover: AssociationsHandover | undefined;
  readonly keyLog: KeyLog | undefined;
  readonly admission: Admission;
  readonly flows: FlowParts;
  readonly targets: SipTargetService;
  readonly router: SipRouter;
  readonly edge: SipEdge;
  readonly engine: TransactionEngine;
  readonly wheel: TimerWheel;
  readonly dns: NodeDnsClient;
  readonly keyCentre: KeyCentre;
  readonly users: DigestUserSource | undefined;
  /** Undefined for a gateway that does not push. */
  readonly pushAssociations: PushAssociationReader | undefined;
  readonly relay: WorkerRelay | undefined;
}

/** A running OMA Security Gateway, one process of it: what faces the agents and what the operator asks of it. */
export class Gateway implements Service {
  readonly metrics: Metrics;
  readonly #parts: GatewayParts;
  readonly #probe: KeyCentreProbe;
  readonly #startedAt = Date.now();
  #config: Config;
  /** An operator's wish, or the end. */
  #draining = false;
  #finished: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #open = true;
  #push: PushService | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.metrics = parts.metrics;
    this.#probe = new KeyCentreProbe(parts.keyCentre, requireSection(parts.config, 'gateway'));
  }

  /**
   * Opens GBA Push, where the configuration has it; last of all, for pushes may be under way at once.
   *
   * @param secret seals what is kept of pushes; 32 octets
   * @param more.place of several workers the first one has the queue; the others lend it their flows
   */
  async openPush(secret: Buffer, more: Pick<SipPushParts, 'departures' | 'place'>): Promise<void> {
    const gateway = requireSection(this.#config, 'gateway');
    if (gateway.push === undefined) return;
    const { push } = gateway;
    const sip: SipPushParts = { ...this.#parts, ...more, gateway };
    if (more.place === undefined || more.place.slot === 0) {
      this.#push = await PushService.open({ ...this.#parts, gateway, push, secret, sip });
    } else openLentFlows(push, sip, this.metrics);
  }

  get listeners(): readonly SipListener[] {
    return this.#parts.listeners;
  }

  get datagramListeners(): readonly ListeningFacts[] {
    return this.#parts.datagramListeners.map(({ name, fqdn, local }) => ({
      name,
      fqdn,
      ...local,
      transports: [DTLS_VIA_TRANSPORT],
    }));
  }

  /** The configuration in effect. */
  get config(): Config {
    return this.#config;
  }

  /** Sends a datagram by the transport of a given worker; undefined where there is one process only. */
  get relay(): WorkerRelay | undefined {
    return this.#parts.relay;
  }

  /**
   * Takes on what a running gateway can take on of another configuration, and says what needs a restart. Sockets and
   * transactions are not touched: what began under the old settings ends under them.
   *
   * @throws OsgateError OSGATE_CONFIG_INVALID, SipError; nothing has changed then
   */
  apply(next: Config): ReloadReport {
    const {
      admission,
      datagramListeners,
      edge,
      engine,
      keyCentre,
      listeners,
      logger,
      pushAssociations,
      reporter,
      router,
      targets,
      users,
    } = this.#parts;
    const { config, applied, ignored } = planReload(this.#config, next);
    const gateway = requireSection(config, 'gateway');
    const renewals = listeners.map((listener) => {
      const own = gateway.sec1.sip.find(({ name }) => name === listener.name);
      return own === undefined
        ? undefined
        : listener.renew(own, { limits: gateway.limits, keyCentre, pushAssociations, users }, gateway.dtls);
    });
    for (const listener of datagramListeners) {
      const own = gateway.sec1.datagram.find(({ name }) => name === listener.name);
      if (own !== undefined) renewals.push(listener.renew(own, { keyCentre, pushAssociations }, gateway.dtls));
    }
    const methods = new MethodPolicy(gateway.policy.methods);
    targets.replace(gateway.sec3.sip, router);
    // Nothing below fails, so the change is whole or not at all.
    for (const renew of renewals) renew?.();
    edge.setMethods(methods);
    if (gateway.push !== undefined) this.#push?.renew(gateway.push);
    admission.setListeners(listeners);
    engine.setLimits(...engineLimits(gateway));
    reporter.setRequestLog(config.log.requests);
    logger.level = config.log.level;
    this.#config = config;
    return { applied, ignored };
  }

  async readiness(): Promise<Readiness> {
    const checks = {
      listeners: this.#open,
      keyCentre: await this.#probe.reachable(),
      accepting: !this.#draining,
    };
    return { ready: Object.values(checks).every((good) => good), checks };
  }

  status(): Status {
    const { engine } = this.#parts;
    return {
      startedAt: new Date(this.#startedAt).toISOString(),
      draining: this.#draining,
      requests: engine.counters.requestsIn,
      transactions: engine.transactionCount,
      pendingRequests: engine.pendingCount,
      flows: this.#parts.flows.count,
      listeners: this.listeners.flatMap(({ name, transports }) =>
        transports.map(({ protocol, local }) => ({ name, protocol, ...local })),
      ),
      datagramListeners: this.#parts.datagramListeners.map(({ name, local, channel, flows }) => ({
        name,
        ...local,
        associations: channel.size,
        flows,
      })),
      ...(this.#push === undefined ? {} : { push: this.#push.status() }),
    };
  }

  flows(limit: number): FlowList {
    return { total: this.#parts.flows.count, flows: this.#parts.flows.list(limit) };
  }

  targets(): readonly TargetStatus[] {
    return this.#parts.targets.status();
  }

  /** Drains a target, by its URI as configured, or ends that; false when there is none with that URI. */
  drainTarget(uri: string, draining: boolean): boolean {
    const { targets } = this.#parts;
    return draining ? targets.drain(uri) : targets.undrain(uri);
  }

  /**
   * Takes over the rules of a new configuration; what is known of targets with the same URI stays.
   *
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT, and then all is as before
   */
  replaceTargets(rules: GatewayConfig['sec3']['sip']): void {
    this.#parts.targets.replace(rules, this.#parts.router);
  }

  /** Refuses new sessions, or takes them again. */
  drain(draining: boolean): void {
    this.#draining = draining;
    this.#parts.edge.drain(draining);
  }

  /**
   * Says that it is not ready, refuses new sessions after the configured delay, and waits for transactions in progress at
   * most the configured grace. It still answers afterwards.
   */
  async finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** {@link finish}, and frees everything. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const { edge, engine } = this.#parts;
    const { drainDelayMilliseconds, shutdownGraceMilliseconds } = requireSection(this.#config, 'gateway');
    this.#draining = true;
    if (drainDelayMilliseconds > 0) await delay(drainDelayMilliseconds);
    edge.drain();
    const pushes = this.#push?.finish();
    const deadline = Date.now() + shutdownGraceMilliseconds;
    while (engine.pendingCount > 0 && Date.now() < deadline) await delay(DRAIN_POLL_MILLISECONDS);
    await pushes;
  }

  async #close(): Promise<void> {
    await this.finish();
    const { engine, wheel, targets, dns, flows, keyCentre, users, relay, tap } = this.#parts;
    const { listeners, datagramListeners, handover, keyLog } = this.#parts;
    this.#open = false;
    await this.#push?.close();
    targets.stop();
    dns.close();
    engine.close();
    wheel.stop();
    await handover?.release({ sip: listeners, datagram: datagramListeners, flows: flows.flows.table });
    flows.stop();
    await closeListeners(listeners, datagramListeners);
    keyLog?.close();
    await relay?.close();
    await tap.close();
    await users?.close();
    await this.#parts.pushAssociations?.close();
    await keyCentre.close();
  }
}

/** Closes every socket of some listeners. */
export async function closeListeners(
  listeners: readonly GatewayListener[],
  datagramListeners: readonly DatagramListener[],
): Promise<void> {
  await Promise.all([...listeners, ...datagramListeners].map((listener) => listener.close()));
}

/** The limits of the SIP engine, as `setLimits` takes them. */
export function engineLimits({ limits }: GatewayConfig): Parameters<TransactionEngine['setLimits']> {
  return [
    {
      maxServerTransactions: limits.maximumServerTransactions,
      maxClientTransactions: limits.maximumClientTransactions,
    },
    { maximumMessageBytes: limits.maximumMessageBytes, maximumHeaders: limits.maximumHeaders },
  ];
}
