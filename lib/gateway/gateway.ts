import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { ProxyCore, TimerWheel, TransactionEngine, type Flow } from '../../sip/index.ts';
import type { KeyCentre } from '../../kmc/index.ts';
import { requireSection, type Config, type GatewayConfig } from '../config/index.ts';
import {
  Metrics,
  type FlowList,
  type FlowsProvider,
  type Logger,
  type Readiness,
  type ReloadReport,
  type Service,
  type Status,
  type TargetStatus,
} from '../ops/index.ts';
import { HostResolver } from '../sec3/index.ts';
import { DialogTokens, SipEdge, type SipListener } from '../sec1/index.ts';
import { EdgeReporter } from './edge-reporter.ts';
import { buildEdgeSettings, renewEdgeSettings, type EdgeConstants, type EdgeSettings } from './edge-settings.ts';
import { KeyCentreProbe } from './key-centre-probe.ts';
import { openKeyCentre } from './key-centre.ts';
import { localNames } from './local-names.ts';
import { planReload } from './reload-plan.ts';
import { gatewaySecrets } from './secrets.ts';
import { openSipListener, total, type OpenSipListener } from './sip-listeners.ts';
import { SipTap } from './sip-tap.ts';
import { setTargetDraining, targetStatus } from './target-status.ts';
import type { WorkerPlace } from './worker-place.ts';
import { branchMark } from './workers/branch-mark.ts';
import { MessageOwner } from './workers/message-owner.ts';
import { WorkerRelay } from './workers/worker-relay.ts';

/** How often a draining gateway looks whether its last transaction is over. */
const DRAIN_POLL_MILLISECONDS = 50;

interface GatewayParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly reporter: EdgeReporter;
  readonly tap: SipTap;
  readonly settings: EdgeSettings;
  readonly constants: EdgeConstants;
  readonly edge: SipEdge;
  readonly engine: TransactionEngine;
  readonly wheel: TimerWheel;
  readonly keyCentre: KeyCentre;
  readonly relay: WorkerRelay | undefined;
}

/** A running OMA Security Gateway, one process of it: what faces the agents and what the operator asks of it. */
export class Gateway implements Service {
  readonly metrics: Metrics;
  /** Whoever keeps flows puts themselves here. */
  flowsProvider: FlowsProvider | undefined;
  readonly #parts: GatewayParts;
  readonly #probe: KeyCentreProbe;
  readonly #startedAt = Date.now();
  #config: Config;
  #settings: EdgeSettings;
  /** An operator's wish, or the end. */
  #draining = false;
  #finished: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #open = true;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#settings = parts.settings;
    this.metrics = parts.metrics;
    this.#probe = new KeyCentreProbe(parts.keyCentre, requireSection(parts.config, 'gateway'));
  }

  get listeners(): readonly SipListener[] {
    return this.#settings.listeners;
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
    const { constants, edge, engine, keyCentre, logger, reporter } = this.#parts;
    const { config, applied, ignored } = planReload(this.#config, next);
    const gateway = requireSection(config, 'gateway');
    const settings = renewEdgeSettings(gateway, this.#settings, constants, { limits: gateway.limits, keyCentre });
    // Nothing below fails, so the change is whole or not at all.
    edge.replace(settings);
    engine.setLimits(...engineLimits(gateway));
    reporter.setListeners(settings.listeners);
    reporter.setRequestLog(config.log.requests);
    logger.level = config.log.level;
    this.#config = config;
    this.#settings = settings;
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
      flows: this.flowsProvider?.count ?? 0,
      listeners: this.listeners.map(({ name, transport: { protocol, local } }) => ({ name, protocol, ...local })),
    };
  }

  flows(limit: number): FlowList {
    return { total: this.flowsProvider?.count ?? 0, flows: this.flowsProvider?.list(limit) ?? [] };
  }

  targets(): TargetStatus[] {
    return targetStatus(this.#settings.targets, this.#parts.wheel.now());
  }

  drainTarget(uri: string, draining: boolean): boolean {
    return setTargetDraining(this.#settings.targets, uri, draining);
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
    const deadline = Date.now() + shutdownGraceMilliseconds;
    while (engine.pendingCount > 0 && Date.now() < deadline) await delay(DRAIN_POLL_MILLISECONDS);
  }

  async #close(): Promise<void> {
    await this.finish();
    const { engine, wheel, keyCentre, relay, tap } = this.#parts;
    this.#open = false;
    engine.close();
    wheel.stop();
    await Promise.all(this.listeners.map((listener) => listener.transport.close()));
    await relay?.close();
    await tap.close();
    await keyCentre.close();
  }
}

/**
 * Opens the gateway that a configuration describes: the composition root, where configuration becomes parts that know each
 * other. What serves the operator (metrics, admin API) is opened by whoever calls.
 *
 * @param place what the process gets from its supervisor when it is one of several workers
 * @throws OsgateError OSGATE_CONFIG_INVALID, SipError OSGATE_SIP_BIND_FAILED, KmcError
 */
export async function openGateway(config: Config, logger: Logger, place?: WorkerPlace): Promise<Gateway> {
  const settings = requireSection(config, 'gateway');
  const { limits, timers } = settings;
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const secrets = place?.secrets ?? (await gatewaySecrets(settings.secret));
  const keyCentre = await openKeyCentre(config, logger);
  const wheel = new TimerWheel();
  const reporter = new EdgeReporter(logger, metrics, config.log.requests);
  const tap = await SipTap.open(reporter, config.ops?.hep);
  const others: { owner?: MessageOwner } = {};
  const [transactionLimits, messageLimits] = engineLimits(settings);
  const engine = new TransactionEngine({
    scheduler: wheel,
    random: randomBytes,
    timers: { t1: timers.t1Milliseconds, t2: timers.t2Milliseconds, t4: timers.t4Milliseconds },
    limits: transactionLimits,
    messageLimits,
    observe: tap,
    ...(place === undefined
      ? {}
      : {
          branchMark: branchMark(place.slot),
          intercept: (message, datagram, flow) => others.owner?.intercept(message, datagram, flow) ?? false,
        }),
  });

  const listeners: OpenSipListener[] = [];
  let relay: WorkerRelay | undefined;
  try {
    for (const [index, listenerConfig] of settings.sec1.sip.entries()) {
      listeners.push(
        await openSipListener(listenerConfig, {
          limits,
          keyCentre,
          receive: (datagram: Buffer, flow: Flow) => {
            engine.receive(datagram, flow);
          },
          fd: place?.descriptors[index],
        }),
      );
    }
    if (place !== undefined) {
      relay = await openRelay(place, settings, engine, listeners);
      const transports = listeners.map(({ transport }) => transport);
      others.owner = new MessageOwner(place.slot, relay, transports, wheel, (datagram, flow) => {
        engine.receive(datagram, flow);
      });
    }
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.transport.close()));
    await tap.close();
    await keyCentre.close();
    throw error;
  }
  reporter.setListeners(listeners);

  const isLocal = localNames(listeners);
  const tokens = new DialogTokens(secrets.dialogs);
  const constants = { tokens, isLocal };
  const edgeSettings = buildEdgeSettings(settings, listeners, constants);
  const edge = new SipEdge({
    listeners,
    router: edgeSettings.router,
    tokens,
    resolver: new HostResolver(),
    scheduler: wheel,
    events: tap,
  });
  const proxy = new ProxyCore({
    engine,
    scheduler: wheel,
    handler: edge,
    isLocal,
    loopSecret: secrets.loops,
    timerC: timers.timerCMilliseconds,
  });
  engine.setUser(proxy);
  wheel.start();

  const gateway = new Gateway({
    config,
    logger,
    metrics,
    reporter,
    tap,
    settings: edgeSettings,
    constants,
    edge,
    engine,
    wheel,
    keyCentre,
    relay,
  });
  metrics.countersOf(
    { name: 'osgate_sip_engine_total', help: 'What the SIP engine counted, by kind', label: 'kind' },
    () => engine.counters,
  );
  metrics.countersOf(
    {
      name: 'osgate_sip_listeners_total',
      help: 'What sockets, key caches and nonce windows counted, by kind',
      label: 'kind',
    },
    () => total(gateway.listeners.map((listener) => listener.counters())),
  );
  metrics.gauge({ name: 'osgate_sip_transactions', help: 'SIP transactions alive' }, () => engine.transactionCount);
  if (tap.counters !== undefined) {
    metrics.countersOf(
      { name: 'osgate_hep_total', help: 'Copies for the HEP collector, by what became of them', label: 'kind' },
      () => tap.counters ?? {},
    );
  }
  if (relay !== undefined) {
    const { counters } = relay;
    const { owner } = others;
    metrics.countersOf(
      { name: 'osgate_worker_relay_total', help: 'Datagrams between workers, by what became of them', label: 'kind' },
      () => ({ ...counters, ...owner?.counters }),
    );
  }
  return gateway;
}

async function openRelay(
  place: WorkerPlace,
  settings: GatewayConfig,
  engine: TransactionEngine,
  listeners: readonly OpenSipListener[],
): Promise<WorkerRelay> {
  return WorkerRelay.open({
    folder: place.relayFolder,
    slot: place.slot,
    workers: place.workers,
    queueBytes: settings.supervision.relayQueueBytes,
    onReceived: ({ listener, peer, datagram }) => {
      const transport = listeners[listener]?.transport;
      if (transport !== undefined) engine.receive(datagram, { transport, peer });
    },
    onSend: ({ listener, peer, datagram }) => {
      listeners[listener]?.transport.send(datagram, peer);
    },
  });
}

function engineLimits({ limits }: GatewayConfig): Parameters<TransactionEngine['setLimits']> {
  return [
    {
      maxServerTransactions: limits.maximumServerTransactions,
      maxClientTransactions: limits.maximumClientTransactions,
    },
    { maximumMessageBytes: limits.maximumMessageBytes, maximumHeaders: limits.maximumHeaders },
  ];
}
