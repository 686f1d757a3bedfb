import { randomInt } from 'node:crypto';

import { DTLS_VIA_TRANSPORT, type Flow, type Scheduler } from '../../sip/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { FlowStatus, Logger, Metrics } from '../ops/index.ts';
import {
  AgentFlows,
  AssociationPeer,
  DatagramKeepAlives,
  FlowTable,
  FlowTokens,
  IdentityFlows,
  LargeRequests,
  type SipListener,
} from '../sec1/index.ts';

/** How often flows that are over are looked for. */
const SWEEP_MILLISECONDS = 1000;

/** What the gateway has for flows, keepalives and large requests, from configuration to metrics. */
export class FlowParts {
  readonly flows: AgentFlows;
  /** Who is reached by which flow; only where pushes go over flows. */
  readonly identities: IdentityFlows | undefined;
  readonly largeRequests: LargeRequests;
  readonly #table: FlowTable;
  readonly #keepAlives = new DatagramKeepAlives();
  readonly #sweeper: NodeJS.Timeout;

  constructor(parts: {
    readonly settings: Pick<GatewayConfig, 'flows' | 'datagrams' | 'push'>;
    /** Filled by the time that the first message comes in. */
    readonly listeners: readonly SipListener[];
    readonly secret: Buffer;
    readonly scheduler: Scheduler;
    readonly logger: Logger;
    readonly metrics: Metrics;
    /** The number of this process among those that share the listeners; 0 to 255. */
    readonly worker?: number;
  }) {
    const { settings, listeners, scheduler, logger } = parts;
    const { maximumFlows, udpFlowTimerSeconds, tcpFlowTimerSeconds, graceSeconds, silentIdleSeconds } = settings.flows;
    const now = (): number => scheduler.now();
    const pushesByFlow = settings.push?.carriers.some(({ type }) => type === 'sip') === true;
    this.identities = pushesByFlow ? new IdentityFlows() : undefined;
    this.#table = new FlowTable({
      now,
      maximumFlows,
      keptAliveIdleMilliseconds: (udpFlowTimerSeconds + graceSeconds) * 1000,
      silentIdleMilliseconds: silentIdleSeconds * 1000,
      firstSerial: randomInt(2 ** 32),
      identities: this.identities,
    });
    this.flows = new AgentFlows({
      table: this.#table,
      tokens: new FlowTokens(parts.secret, parts.worker),
      listeners,
      flowTimerSeconds: {
        UDP: udpFlowTimerSeconds,
        TCP: tcpFlowTimerSeconds,
        [DTLS_VIA_TRANSPORT]: udpFlowTimerSeconds,
      },
    });
    this.largeRequests = new LargeRequests({
      now,
      maximumDatagramBytes: settings.datagrams.maximumRequestBytes,
      retryMilliseconds: settings.datagrams.tcpRetrySeconds * 1000,
      onRefused: ({ address, port }) => {
        logger.warn(
          { event: 'tcp-refused', address, port },
          'a request too large for UDP goes over UDP: TCP was refused',
        );
      },
    });
    this.#sweeper = setInterval(() => {
      this.#table.sweep();
    }, SWEEP_MILLISECONDS).unref();
    this.#publish(parts.metrics);
  }

  /** How many flows are remembered. */
  get count(): number {
    return this.#table.size;
  }

  /** What an operator may see of at most so many flows. */
  list(limit: number): FlowStatus[] {
    const listed: FlowStatus[] = [];
    const now = performance.now();
    for (const { listener, transport, peer, subject, since, lastSeen, keptAlive } of this.#table) {
      if (listed.length >= limit) break;
      listed.push({
        listener: listener.name,
        transport: transport.protocol,
        address: peer.address,
        port: peer.port,
        ...(peer instanceof AssociationPeer ? peer.facts() : {}),
        subject,
        ageSeconds: Math.round((now - since) / 1000),
        silentSeconds: Math.round((now - lastSeen) / 1000),
        keptAlive,
      });
    }
    return listed;
  }

  /** Takes whatever came in: notes that its flow lives, and answers it when it is a keepalive over UDP; true then. */
  take(message: Buffer, flow: Flow): boolean {
    if (this.#table.size > 0) this.#table.seen(flow);
    return !flow.transport.reliable && this.#keepAlives.take(message, flow);
  }

  seen(flow: Flow): void {
    this.#table.seen(flow);
  }

  closed(flow: Flow): void {
    this.#table.closed(flow);
  }

  stop(): void {
    clearInterval(this.#sweeper);
  }

  #publish(metrics: Metrics): void {
    metrics.gauge({ name: 'osgate_sip_flows', help: 'Flows of agents remembered' }, () => this.#table.size);
    metrics.countersOf(
      { name: 'osgate_sip_flows_total', help: 'What became of the flows of agents, by kind', label: 'kind' },
      () => ({ ...this.#table.counters, ...this.flows.counters, ...this.identities?.counters }),
    );
    metrics.countersOf(
      { name: 'osgate_sip_keepalives_total', help: 'Keepalives over UDP, by kind', label: 'kind' },
      () => this.#keepAlives.counters,
    );
    metrics.countersOf(
      {
        name: 'osgate_sip_large_requests_total',
        help: 'Requests too large for UDP: sent over TCP, refused there, sent over UDP after all',
        label: 'outcome',
      },
      () => this.largeRequests.counters,
    );
  }
}
