import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { ProxyCore, TimerWheel, TransactionEngine, type Flow } from '../../sip/index.ts';
import type { KeyCentre } from '../../kmc/index.ts';
import { requireSection, type Config } from '../config/index.ts';
import { Metrics, startMetricsServer, type Logger, type MetricsServer, type Service } from '../ops/index.ts';
import { HostResolver } from '../sec3/index.ts';
import { Departures, DialogTokens, SipEdge, SipRouter, type AgentFlow, type SipListener } from '../sec1/index.ts';
import { EdgeReporter } from './edge-reporter.ts';
import { FlowParts } from './flow-parts.ts';
import { openKeyCentre } from './key-centre.ts';
import { localNames } from './local-names.ts';
import { gatewaySecrets } from './secrets.ts';
import { openSipListener, total } from './sip-listeners.ts';
import { buildTargetTable, departures } from './sip-targets.ts';

/** How often a draining gateway looks whether its last transaction is over. */
const DRAIN_POLL_MILLISECONDS = 50;

/** A running OMA Security Gateway: the composition root, where configuration becomes parts that know each other. */
export class Gateway implements Service {
  readonly listeners: readonly SipListener[];
  readonly metrics: Metrics;
  readonly #edge: SipEdge;
  readonly #engine: TransactionEngine;
  readonly #wheel: TimerWheel;
  readonly #keyCentre: KeyCentre;
  readonly #flows: FlowParts;
  readonly #metricsServer: MetricsServer | undefined;
  readonly #graceMilliseconds: number;

  constructor(parts: {
    listeners: readonly SipListener[];
    metrics: Metrics;
    edge: SipEdge;
    engine: TransactionEngine;
    wheel: TimerWheel;
    keyCentre: KeyCentre;
    flows: FlowParts;
    metricsServer: MetricsServer | undefined;
    graceMilliseconds: number;
  }) {
    this.listeners = parts.listeners;
    this.metrics = parts.metrics;
    this.#edge = parts.edge;
    this.#engine = parts.engine;
    this.#wheel = parts.wheel;
    this.#keyCentre = parts.keyCentre;
    this.#flows = parts.flows;
    this.#metricsServer = parts.metricsServer;
    this.#graceMilliseconds = parts.graceMilliseconds;
  }

  /** The flows of agents, to be looked through. */
  get agentFlows(): Iterable<AgentFlow> {
    return this.#flows.flows.table;
  }

  /** Refuses new sessions, waits for transactions in progress at most the configured grace, and frees everything. */
  async close(): Promise<void> {
    this.#edge.drain();
    const deadline = Date.now() + this.#graceMilliseconds;
    while (this.#engine.pendingCount > 0 && Date.now() < deadline) await delay(DRAIN_POLL_MILLISECONDS);
    this.#engine.close();
    this.#wheel.stop();
    this.#flows.stop();
    await closeTransports(this.listeners);
    await this.#keyCentre.close();
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
  try {
    for (const listenerConfig of settings.sec1.sip) {
      listeners.push(
        await openSipListener(listenerConfig, {
          ...settings,
          keyCentre,
          secrets,
          handler: {
            receive: (message: Buffer, flow: Flow) => {
              if (!flows.take(message, flow)) engine.receive(message, flow);
            },
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
    throw error;
  }
  reporter.setListeners(listeners);

  const isLocal = localNames(listeners);
  const tokens = new DialogTokens(secrets.dialogs);
  const inside = new Set(
    settings.sec1.sip
      .filter(({ authenticators }) => authenticators.some(({ type }) => type === 'trusted'))
      .map(({ name }) => name),
  );
  const router = new SipRouter({
    listeners,
    targets: buildTargetTable(settings.sec3.sip),
    inside: departures(settings.sec3.sip, listeners, ({ name }) => inside.has(name)),
    tokens,
    flows: flows.flows,
    isLocal,
  });
  const edge = new SipEdge({
    listeners,
    router,
    tokens,
    flows: flows.flows,
    departures: new Departures(listeners, ({ name }) => inside.has(name)),
    largeRequests: flows.largeRequests,
    resolver: new HostResolver(),
    scheduler: wheel,
    events: reporter,
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
    metricsServer,
    graceMilliseconds: settings.shutdownGraceMilliseconds,
  });
}

async function closeTransports(listeners: readonly SipListener[]): Promise<void> {
  await Promise.all(listeners.flatMap(({ transports }) => transports.map((transport) => transport.close())));
}
