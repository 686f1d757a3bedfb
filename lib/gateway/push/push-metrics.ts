import type { CourierOutcome, PushDesk, PushDispatcher, QueuedPush, SqlitePushQueue } from '../../../push/index.ts';
import { PlainCounter, type Logger, type Metrics } from '../../ops/index.ts';
import { addInitiatorMetrics, type InitiatorServer } from '../../push/initiators/index.ts';
import type { GatewayAssociationStore } from './association-store.ts';
import type { SipPush } from './sip-parts.ts';

/** Counts attempts, and writes them to the log: whose push it was and what became of it, never what is in it. */
export class PushMeter {
  /** By carrier and outcome, or the reason of a failure. */
  readonly attempts = new PlainCounter('carrier', 'outcome');
  readonly counters = { queueFailures: 0 };
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  readonly attempted = ({ message }: QueuedPush, outcome: CourierOutcome): void => {
    const reason = 'reason' in outcome ? outcome.reason : 'delivered';
    const carrier = outcome.carrier ?? 'none';
    this.attempts.count(carrier, reason);
    // What is delivered is counted, and the initiator hears of it; a line for each would cost a tenth of the push.
    const level = outcome.outcome === 'undeliverable' ? 'info' : 'debug';
    if (!this.#logger.isLevelEnabled(level)) return;
    const { initiator, id, recipient } = message;
    this.#logger[level](
      { event: 'push', outcome: outcome.outcome, reason, carrier, initiator, id, recipient: recipient.value },
      'push',
    );
  };

  readonly failed = (error: unknown): void => {
    this.counters.queueFailures++;
    this.#logger.error({ event: 'push-failed', err: error }, 'pushes cannot be dispatched');
  };
}

/** Publishes what the parts of GBA Push count. */
export function publishPushMetrics(
  metrics: Metrics,
  parts: {
    readonly queue: SqlitePushQueue;
    readonly store: GatewayAssociationStore;
    readonly dispatcher: PushDispatcher;
    readonly desk: PushDesk;
    readonly server: InitiatorServer;
    readonly meter: PushMeter;
    readonly carriers: () => Readonly<Record<string, Readonly<Record<string, number>>>>;
  },
): void {
  const { queue, store, dispatcher, desk, server, meter, carriers } = parts;
  addInitiatorMetrics(metrics, server.counters, desk);
  metrics.countersOf(
    { name: 'osgate_push_total', help: 'What became of pushes, and of packages from agents, by kind', label: 'kind' },
    () => ({
      accepted: desk.counters.accepted,
      cancelled: desk.counters.cancelled,
      ...dispatcher.counters,
      ...meter.counters,
    }),
  );
  metrics.samplesOf(
    {
      name: 'osgate_push_attempts_total',
      help: 'Attempts to deliver a push, by carrier and what became of it',
      labels: ['carrier', 'outcome'],
    },
    () => meter.attempts.samples(),
  );
  metrics.samplesOf(
    { name: 'osgate_push_carriers_total', help: 'What carriers counted, by kind', labels: ['carrier', 'kind'] },
    () =>
      Object.entries(carriers()).flatMap(([carrier, counters]) =>
        Object.entries(counters).map(([kind, value]) => ({ labels: { carrier, kind }, value })),
      ),
  );
  metrics.gaugesOf({ name: 'osgate_push_queue', help: 'Pushes that have not ended, by state', labels: ['state'] }, () =>
    Object.entries(queue.depth).map(([state, value]) => ({ labels: { state }, value })),
  );
  metrics.gauge({ name: 'osgate_push_associations', help: 'NAF SAs of pushes alive' }, () => store.size);
  metrics.countersOf(
    { name: 'osgate_push_associations_total', help: 'NAF SAs for which there was no room', label: 'kind' },
    () => store.counters,
  );
}

/** Publishes what each worker does with its own flows, and what agents send up by MESSAGE. */
export function publishSipPushMetrics(metrics: Metrics, { carrier, uplink, remote }: SipPush): void {
  metrics.countersOf(
    { name: 'osgate_push_sip_total', help: 'MESSAGEs with pushes, by what they went by', label: 'kind' },
    () => carrier.counters,
  );
  metrics.countersOf(
    {
      name: 'osgate_push_sip_uplink_total',
      help: 'MESSAGEs of agents for the gateway, by what became of them',
      label: 'kind',
    },
    () => uplink.counters,
  );
  if (remote === undefined) return;
  metrics.countersOf(
    { name: 'osgate_push_workers_total', help: 'What workers asked of each other for pushes, by kind', label: 'kind' },
    () => remote.counters,
  );
}
