import type { NodeDnsClient, SipResolver, TimerWheel, TransactionEngine } from '../../sip/index.ts';
import { ProxyCore } from '../../sip/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import { MethodPolicy } from '../identity/index.ts';
import type { Logger } from '../ops/index.ts';
import { Departures, DialogTokens, SipEdge, SipRouter, type SipListener } from '../sec1/index.ts';
import type { Admission } from './admission.ts';
import type { FlowParts } from './flow-parts.ts';
import { localNames } from './local-names.ts';
import { buildResolver } from './sip-resolver.ts';
import { SipTargetService } from './sip-target-service.ts';

/** What the edge stands on. */
export interface EdgeParts {
  readonly settings: GatewayConfig;
  readonly listeners: readonly SipListener[];
  /** Names of the listeners that face the inside. */
  readonly inside: ReadonlySet<string>;
  readonly engine: TransactionEngine;
  readonly wheel: TimerWheel;
  readonly flows: FlowParts;
  readonly admission: Admission;
  readonly logger: Logger;
  /** Behind the proofs of dialogs, and of loops; 32 octets each. */
  readonly secrets: { readonly dialogs: Buffer; readonly loops: Buffer };
}

export interface Edge {
  readonly edge: SipEdge;
  readonly router: SipRouter;
  readonly targets: SipTargetService;
  readonly resolver: SipResolver;
  readonly dns: NodeDnsClient;
  readonly departures: Departures;
}

/** Puts router, targets, edge and proxy core together and gives the engine its user. What it is made of is not started yet. */
export function composeEdge({
  settings,
  listeners,
  inside,
  engine,
  wheel,
  flows,
  admission,
  logger,
  secrets,
}: EdgeParts): Edge {
  const isLocal = localNames(listeners);
  const tokens = new DialogTokens(secrets.dialogs);
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
    timerC: settings.timers.timerCMilliseconds,
  });
  engine.setUser(proxy);
  return { edge, router, targets, resolver, dns, departures };
}
