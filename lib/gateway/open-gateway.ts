import { randomBytes } from 'node:crypto';

import { TimerWheel, TransactionEngine, type Flow, type Transport } from '../../sip/index.ts';
import { requireSection, type Config, type GatewayConfig } from '../config/index.ts';
import { Metrics, type Logger } from '../ops/index.ts';
import { DtlsSipTransport } from '../sec1/index.ts';
import { startAdmission } from './admission.ts';
import { composeEdge } from './compose-edge.ts';
import { openDigestUsers } from './digest-users.ts';
import { EdgeReporter } from './edge-reporter.ts';
import { FlowParts } from './flow-parts.ts';
import { AssociationsHandover } from './dtls/associations-handover.ts';
import { DatagramListener } from './dtls/datagram-listener.ts';
import type { DtlsParts } from './dtls/dtls-parts.ts';
import { DtlsReporter, publishDatagramMetrics, publishDtlsMetrics } from './dtls/dtls-reporter.ts';
import { KeyLog } from './dtls/key-log.ts';
import { closeListeners, engineLimits, Gateway, type GatewayParts } from './gateway.ts';
import { openKeyCentre } from './key-centre.ts';
import { reportNativeCalls } from './native-calls.ts';
import { PushAssociationReader } from './push-associations.ts';
import { gatewaySecrets } from './secrets.ts';
import { GatewayListener, total } from './sip-listeners.ts';
import { SipTap } from './sip-tap.ts';
import { publishTargetMetrics } from './target-metrics.ts';
import type { WorkerPlace } from './worker-place.ts';
import { branchMark } from './workers/branch-mark.ts';
import { MessageOwner } from './workers/message-owner.ts';
import { WorkerRelay } from './workers/worker-relay.ts';

/**
 * Opens the gateway that a configuration describes: the composition root, where configuration becomes parts that know each
 * other. What serves the operator (metrics, admin API) is opened by whoever calls.
 *
 * @param place what the process gets from its supervisor when it is one of several workers
 * @throws OsgateError OSGATE_CONFIG_INVALID, SipError OSGATE_SIP_BIND_FAILED, KmcError
 */
export async function openGateway(config: Config, logger: Logger, place?: WorkerPlace): Promise<Gateway> {
  const settings = requireSection(config, 'gateway');
  const { timers } = settings;
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const secrets = place?.secrets ?? (await gatewaySecrets(settings.secret));
  const users = await openDigestUsers(config);
  const keyCentre = await openKeyCentre(config, logger);
  const pushAssociations = PushAssociationReader.open(settings, secrets.push);
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

  const listeners: GatewayListener[] = [];
  const datagramListeners: DatagramListener[] = [];
  const { handover: handoverPath, keyLog: keyLogPath } = settings.dtls;
  const handover =
    handoverPath === undefined
      ? undefined
      : new AssociationsHandover({
          path: place === undefined ? handoverPath : `${handoverPath}.${place.slot}`,
          secret: secrets.dtls.handover,
          logger,
        });
  const handed = (await handover?.take()) ?? [];
  const keyLog = keyLogPath === undefined ? undefined : new KeyLog(keyLogPath);
  if (keyLog !== undefined) {
    logger.warn({ event: 'key-log', path: keyLogPath }, 'the secrets of all DTLS associations are written to a file');
  }
  reportNativeCalls(settings, logger);
  const channels = new DtlsReporter(logger, metrics);
  const flows = new FlowParts({
    settings,
    listeners,
    secret: secrets.flows,
    scheduler: wheel,
    logger,
    metrics,
    worker: place?.slot ?? 0,
  });
  const admission = startAdmission(settings.admission, {
    engine,
    wheel,
    metrics,
    events: tap,
    deliver: (message, flow) => {
      if (!flows.take(message, flow)) engine.receive(message, flow);
    },
  });
  const handler = {
    receive: admission.receive,
    seen: (flow: Flow): void => {
      flows.seen(flow);
    },
    unframed: engine.receiveUnframed.bind(engine),
    failed: (flow: Flow): void => {
      engine.flowFailed(flow);
    },
    closed: (flow: Flow): void => {
      flows.closed(flow);
    },
  };
  let relay: WorkerRelay | undefined;
  const dtls: DtlsParts = {
    config: settings.dtls,
    secrets: secrets.dtls,
    worker: place?.slot ?? 0,
    events: channels,
    keyLog: keyLog?.write,
    handOver:
      place === undefined
        ? undefined
        : (name, worker, datagram, peer) => {
            relay?.handOver(worker, relayPlace(name, listeners, datagramListeners), peer, datagram);
          },
  };
  try {
    for (const [index, listenerConfig] of settings.sec1.sip.entries()) {
      const inherited = place === undefined ? {} : { reusePort: true, descriptor: place.descriptors[index] };
      const parts = { ...settings, ...inherited, dtls, keyCentre, pushAssociations, users, handler };
      listeners.push(await GatewayListener.open(listenerConfig, parts));
    }
    for (const [index, listenerConfig] of settings.sec1.datagram.entries()) {
      const descriptor = place?.descriptors[settings.sec1.sip.length + index];
      const inherited = place === undefined ? {} : { reusePort: true, descriptor };
      const parts = { datagrams: settings.datagrams, ...inherited, dtls, keyCentre, pushAssociations };
      datagramListeners.push(await DatagramListener.open(listenerConfig, parts));
    }
    if (place !== undefined) {
      const transports = listeners.flatMap((listener) => listener.transports);
      relay = await openRelay(place, settings, transports, datagramListeners, (datagram, flow) => {
        engine.receive(datagram, flow);
      });
      others.owner = new MessageOwner({
        slot: place.slot,
        relay,
        transports,
        scheduler: wheel,
        flows: flows.flows,
        receive: (datagram, flow) => {
          engine.receive(datagram, flow);
        },
      });
    }
  } catch (error) {
    flows.stop();
    await closeListeners(listeners, datagramListeners);
    keyLog?.close();
    await tap.close();
    await keyCentre.close();
    await users?.close();
    await pushAssociations?.close();
    throw error;
  }
  reporter.setListeners(listeners);
  admission.setListeners(listeners);

  const inside = new Set(
    settings.sec1.sip
      .filter(({ authenticators }) => authenticators.some(({ type }) => type === 'trusted'))
      .map(({ name }) => name),
  );
  const standing = { settings, listeners, inside, engine, wheel, flows, admission, logger, secrets };
  const { edge, router, targets, resolver, dns, departures } = composeEdge(standing);
  wheel.start();
  targets.start();
  handover?.adopt(handed, { sip: listeners, datagram: datagramListeners, flows: flows.flows.table });

  const parts = { config, logger, metrics, reporter, tap, listeners, admission, flows, targets, router, edge };
  publishTargetMetrics(metrics, targets, resolver);
  const gatewayParts = {
    ...parts,
    engine,
    wheel,
    dns,
    keyCentre,
    pushAssociations,
    users,
    relay,
    datagramListeners,
    handover,
    keyLog,
  };
  publishMetrics(gatewayParts, others.owner);
  const gateway = new Gateway(gatewayParts);
  try {
    await gateway.openPush(secrets.push, { departures, place });
  } catch (error) {
    await gateway.close();
    throw error;
  }
  return gateway;
}

async function openRelay(
  place: WorkerPlace,
  settings: GatewayConfig,
  transports: readonly Transport[],
  datagramListeners: readonly DatagramListener[],
  receive: (datagram: Buffer, flow: Flow) => void,
): Promise<WorkerRelay> {
  return WorkerRelay.open({
    folder: place.relayFolder,
    slot: place.slot,
    workers: place.workers,
    queueBytes: settings.supervision.relayQueueBytes,
    onReceived: ({ listener, peer, datagram }) => {
      const transport = transports[listener];
      if (transport === undefined) datagramListeners[listener - transports.length]?.receive(datagram, peer);
      // What is handed over of DTLS is not decrypted yet.
      else if (transport instanceof DtlsSipTransport) transport.receiveDatagram(datagram, peer);
      else receive(datagram, { transport, peer });
    },
    onSend: ({ listener, peer, datagram }) => {
      transports[listener]?.send(datagram, peer);
    },
  });
}

/** The number under which workers hand datagrams of a DTLS listener to each other: transports first, then datagram listeners. */
function relayPlace(
  name: string,
  listeners: readonly GatewayListener[],
  datagramListeners: readonly DatagramListener[],
): number {
  const transports = listeners.flatMap((listener) => listener.transports);
  const own = listeners.find((listener) => listener.name === name)?.dtls;
  if (own !== undefined) return transports.indexOf(own);
  return transports.length + datagramListeners.findIndex((listener) => listener.name === name);
}

function publishMetrics(
  { metrics, engine, listeners, datagramListeners, tap, relay }: GatewayParts,
  owner: MessageOwner | undefined,
): void {
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
  const channels = [
    ...listeners.flatMap(({ name, dtls }) => (dtls === undefined ? [] : [{ name, channel: dtls.channel }])),
    ...datagramListeners,
  ];
  if (channels.length > 0) publishDtlsMetrics(metrics, channels);
  if (datagramListeners.length > 0) publishDatagramMetrics(metrics, datagramListeners);
  metrics.gauge({ name: 'osgate_sip_transactions', help: 'SIP transactions alive' }, () => engine.transactionCount);
  if (tap.counters !== undefined) {
    metrics.countersOf(
      { name: 'osgate_hep_total', help: 'Copies for the HEP collector, by what became of them', label: 'kind' },
      () => tap.counters ?? {},
    );
  }
  if (relay !== undefined) {
    const { counters } = relay;
    metrics.countersOf(
      { name: 'osgate_worker_relay_total', help: 'Datagrams between workers, by what became of them', label: 'kind' },
      () => ({ ...counters, ...owner?.counters }),
    );
  }
}
