import { randomUUID } from 'node:crypto';

import type { UplinkHandler } from '../../../push/index.ts';
import type { TimerWheel, TransactionEngine } from '../../../sip/index.ts';
import { pushFqdn, type GatewayConfig, type SipCarrierConfig } from '../../config/index.ts';
import type { Departures, SipEdge, SipListener } from '../../sec1/index.ts';
import { CoreSender, FlowSender, SipCarrier, SipUplink } from '../../push/sip/index.ts';
import type { FlowParts } from '../flow-parts.ts';
import type { SipTargetService } from '../sip-target-service.ts';
import type { WorkerPlace } from '../worker-place.ts';
import { WorkerFlows, type WorkerChannel } from './worker-flows.ts';

/** What of the gateway pushes over SIP are made with. */
export interface SipPushParts {
  readonly gateway: GatewayConfig;
  readonly engine: TransactionEngine;
  readonly wheel: TimerWheel;
  readonly flows: FlowParts;
  readonly targets: SipTargetService;
  readonly departures: Departures;
  readonly edge: SipEdge;
  readonly listeners: readonly SipListener[];
  readonly place: WorkerPlace | undefined;
  /** Between workers; absent where there is one process. */
  readonly relay: WorkerChannel | undefined;
}

export interface SipPush {
  readonly carrier: SipCarrier;
  /** What came by MESSAGEs of agents. */
  readonly uplink: SipUplink;
  readonly remote: WorkerFlows | undefined;
}

/**
 * Puts the SIP carrier together, and has the edge hand over what agents send up. In a worker other than the first one this is
 * all that there is of pushes: it serves the first one with its flows.
 */
export function openSipPush(config: SipCarrierConfig, parts: SipPushParts, uplink: UplinkHandler): SipPush | undefined {
  const { gateway, engine, wheel, flows, targets, departures, edge, listeners, place, relay } = parts;
  if (flows.identities === undefined) return undefined;
  const fqdn = pushFqdn(gateway);
  // Of a Call-ID and a tag: beyond guessing, and drawn from a pool.
  const token = (): string => randomUUID().replaceAll('-', '');
  const slot = place?.slot ?? 0;
  const late: { remote?: WorkerFlows } = {};
  const up: UplinkHandler = slot === 0 ? uplink : (octets) => late.remote?.uplink(octets);
  const common = { engine, scheduler: wheel, fqdn, token, late: up };
  const sender = new FlowSender({
    ...common,
    flows: flows.flows,
    identities: flows.identities,
    timeoutMilliseconds: config.flowTimeoutMilliseconds,
    maximumDatagramOctets: config.maximumDatagramOctets,
  });
  if (relay !== undefined && place !== undefined) {
    late.remote = new WorkerFlows({
      channel: relay,
      slot,
      workers: place.workers,
      flows: sender,
      timeoutMilliseconds: config.flowTimeoutMilliseconds,
      uplink,
    });
  }
  const { target } = config;
  const core =
    target === undefined
      ? undefined
      : new CoreSender({
          ...common,
          target,
          table: () => targets.table,
          listener: () => targets.departures.get(target) ?? listeners[0],
          resolver: targets.hops,
          large: { largeRequests: flows.largeRequests, departures },
          random: Math.random,
          timeoutMilliseconds: config.coreTimeoutMilliseconds,
        });
  const sipUplink = new SipUplink({
    fqdn,
    uplink: up,
    maximumOctets: config.maximumUplinkOctets,
    perSecond: config.uplinkPerSecond,
  });
  edge.setUplink((context) => sipUplink.take(context));
  return {
    carrier: new SipCarrier({ flows: sender, remote: late.remote, core }),
    uplink: sipUplink,
    remote: late.remote,
  };
}
