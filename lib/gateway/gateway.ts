import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { ProxyCore, TimerWheel, TransactionEngine, type NodeDnsClient } from '../../sip/index.ts';
import type { DigestUserSource, KeyCentre } from '../../kmc/index.ts';
import { requireSection, type Config, type GatewayConfig } from '../config/index.ts';
import { MethodPolicy } from '../identity/index.ts';
import { Metrics, startMetricsServer, type Logger, type MetricsServer, type Service } from '../ops/index.ts';
import { Departures, DialogTokens, SipEdge, SipRouter, type AgentFlow, type SipListener } from '../sec1/index.ts';
import { startAdmission } from './admission.ts';
import { openDigestUsers } from './digest-users.ts';
import { EdgeReporter } from './edge-reporter.ts';
import { FlowParts } from './flow-parts.ts';
import { openKeyCentre } from './key-centre.ts';
import { localNames } from './local-names.ts';
import { gatewaySecrets } from './secrets.ts';
import { openSipListener, total } from './sip-listeners.ts';
import { buildResolver } from './sip-resolver.ts';
import { SipTargetService } from './sip-target-service.ts';
import { publishTargetMetrics } from './target-metrics.ts';

/** How often a draining gateway looks whether its last transaction is over. */
const DRAIN_POLL_MILLISECONDS = 50;

/** A running OMA Security Gateway: the composition root, where configuration becomes parts that know each other. */
export class Gateway implements Service {
  readonly listeners: readonly SipListener[];
  readonly metrics: Metrics;
  /** The servers behind the gateway: how they are, and which of them drain. */
  readonly targets: SipTargetService;
  readonly #edge: SipEdge;
  readonly #engine: TransactionEngine;
  readonly #wheel: TimerWheel;
  readonly #keyCentre: KeyCentre;
  readonly #flows: FlowParts;
  readonly #users: DigestUserSource | undefined;
  readonly #metricsServer: MetricsServer | undefined;
  readonly #graceMilliseconds: number;
  readonly #dns: NodeDnsClient;
  readonly #router: SipRouter;

  constructor(parts: {
    listeners: readonly SipListener[];
    metrics: Metrics;
    edge: SipEdge;
    engine: TransactionEngine;
    wheel: TimerWheel;
    keyCentre: KeyCentre;
    flows: FlowParts;
    users: DigestUserSource | undefined;
    metricsServer: MetricsServer | undefined;
    graceMilliseconds: number;
    targets: SipTargetService;
    dns: NodeDnsClient;
    router: SipRouter;
  }) {
    this.listeners = parts.listeners;
    this.metrics = parts.metrics;
    this.targets = parts.targets;
    this.#dns = parts.dns;
    this.#router = parts.router;
    this.#edge = parts.edge;
    this.#engine = parts.engine;
    this.#wheel = parts.wheel;
    this.#keyCentre = parts.keyCentre;
    this.#flows = parts.flows;
    this.#users = parts.users;
    this.#metricsServer = parts.metricsServer;
    this.#graceMilliseconds = parts.graceMilliseconds;
  }

  /** The flows of agents, to be looked through. */
  get agentFlows(): Iterable<AgentFlow> {
    return this.#flows.flows.table;
  }

  /**
   * Takes over the rules of a new configuration; what is known of targets with the same URI stays.
   *
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT, and then all is as before
   */
  replaceTargets(rules: GatewayConfig['sec3']['sip']): void {
    this.targets.replace(rules, this.#router);
  }

  /** Refuses new sessions, waits for transactions in progress at most the configured grace, and frees everything. */
  async close(): Promise<void> {
    this.#edge.drain();
    const deadline = Date.now() + this.#graceMilliseconds;
    while (this.#engine.pendingCount > 0 && Date.now() < deadline) await delay(DRAIN_POLL_MILLISECONDS);
    this.targets.stop();
    this.#dns.close();
    this.#engine.close();
    this.#wheel.stop();
    this.#flows.stop();
    await closeTransports(this.listeners);
    await this.#keyCentre.close();
    await this.#users?.close();
    await this.#metricsServer?.close();
  }
}

/**
 * Starts the gateway that a configuration describes.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID, SipError OSGATE_SIP_BIND_FAILED, KmcError
 */
export async function startGateway(config: Config, logger: Logger): Promise<Gateway> {
  const settings = requireSection(config, 'gateway');
  const { limits, timers } = settings;
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const secrets = await gatewaySecrets(settings.secret);
  const users = await openDigestUsers(config);
  const keyCentre = await openKeyCentre(config, logger);
  const wheel = new TimerWheel();
  const reporter = new EdgeReporter(logger, metrics, config.log.requests);
  const engine = new TransactionEngine({
    scheduler: wheel,
    random: randomBytes,
    timers: { t1: timers.t1Milliseconds, t2: timers.t2Milliseconds, t4: timers.t4Milliseconds },
    limits: {
      maxServerTransactions: limits.maximumServerTransactions,
      maxClientTransactions: limits.maximumClientTransactions,
    },
    messageLimits: { maximumMessageBytes: limits.maximumMessageBytes, maximumHeaders: limits.maximumHeaders },
    observe: reporter,
  });

  const listeners: SipListener[] = [];
  const flows = new FlowParts({ settings, listeners, secret: secrets.flows, scheduler: wheel, logger, metrics });
  const admission = startAdmission(settings.admission, {
    engine,
    wheel,
    metrics,
    events: reporter,
    deliver: (message, flow) => {
      if (!flows.take(message, flow)) engine.receive(message, flow);
    },
  });
  try {
    for (const listenerConfig of settings.sec1.sip) {
      listeners.push(
        await openSipListener(listenerConfig, {
          ...settings,
          keyCentre,
          users,
          secrets,
          handler: {
            receive: admission.receive,
            seen: (flow) => {
              flows.seen(flow);
            },
            unframed: (header, failure, flow) => {
              engine.receiveUnframed(header, failure, flow);
            },
            failed: (flow) => {
              engine.flowFailed(flow);
            },
            closed: (flow) => {
              flows.closed(flow);
            },
          },
        }),
      );
    }
  } catch (error) {
    flows.stop();
    await closeTransports(listeners);
    await keyCentre.close();
    await users?.close();
    throw error;
  }
  reporter.setListeners(listeners);
  admission.setListeners(listeners);

  const isLocal = localNames(listeners);
  const tokens = new DialogTokens(secrets.dialogs);
  const inside = new Set(
    settings.sec1.sip
      .filter(({ authenticators }) => authenticators.some(({ type }) => type === 'trusted'))
      .map(({ name }) => name),
  );
  const { resolver, dns } = buildResolver(settings.dns, wheel, Math.random);
  const departures = new Departures(listeners, ({ name }) => inside.has(name));
  const targets = new SipTargetService({
    departures,
    rules: settings.sec3.sip,
    listeners,
    inside,
    engine,
    scheduler: wheel,
    resolver,
    logger,
    random: Math.random,
    maximumPeers: settings.dns.maximumNames,
  });
  const router = new SipRouter({
    listeners,
    targets: targets.table,
    inside: targets.departures,
    tokens,
    flows: flows.flows,
    isLocal,
  });
  const edge = new SipEdge({
    listeners,
    router,
    tokens,
    flows: flows.flows,
    departures,
    largeRequests: flows.largeRequests,
    resolver: targets.hops,
    scheduler: wheel,
    events: admission.events,
    admission: admission.edge,
    methods: new MethodPolicy(settings.policy.methods),
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
  targets.start();

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
    () => total(listeners.map((listener) => listener.counters())),
  );
  publishTargetMetrics(metrics, targets, resolver);
  metrics.gauge({ name: 'osgate_sip_transactions', help: 'SIP transactions alive' }, () => engine.transactionCount);
  const metricsServer =
    config.ops?.metrics === undefined
      ? undefined
      : await startMetricsServer({ ...config.ops.metrics, metrics, logger });

  for (const listener of listeners) {
    const { address, port } = listener.transport.local;
    const transports = listener.transports.map(({ protocol }) => protocol);
    logger.info(
      { event: 'listening', listener: listener.name, address, port, transports, fqdn: listener.fqdn },
      `listening for SIP over ${transports.join(' and ')}`,
    );
  }
  return new Gateway({
    listeners,
    metrics,
    edge,
    engine,
    wheel,
    keyCentre,
    flows,
    users,
    metricsServer,
    graceMilliseconds: settings.shutdownGraceMilliseconds,
    targets,
    dns,
    router,
  });
}

async function closeTransports(listeners: readonly SipListener[]): Promise<void> {
  await Promise.all(listeners.flatMap(({ transports }) => transports.map((transport) => transport.close())));
}
