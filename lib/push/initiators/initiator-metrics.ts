import type { PushDesk } from '../../../push/index.ts';
import type { Metrics } from '../../ops/index.ts';
import type { InitiatorServerCounters } from './initiator-server.ts';

/** Publishes what a server for initiators and its desk count. */
export function addInitiatorMetrics(metrics: Metrics, counters: InitiatorServerCounters, desk: PushDesk): void {
  metrics.samplesOf(
    {
      name: 'osgate_push_requests_total',
      help: 'Authenticated requests of push initiators, by protocol and outcome.',
      labels: ['protocol', 'outcome'],
    },
    () => counters.requests.samples(),
  );
  metrics.countersOf(
    {
      name: 'osgate_push_authentication_refusals_total',
      help: 'Requests of push initiators that were not authenticated.',
      label: 'reason',
    },
    () => counters.authenticationRefusals,
  );
  metrics.countersOf(
    {
      name: 'osgate_push_connections_total',
      help: 'Connections of push initiators beyond the bound.',
      label: 'outcome',
    },
    () => counters.connections,
  );
  metrics.countersOf(
    {
      name: 'osgate_push_notifications_total',
      help: 'Result notifications to push initiators, by what became of an attempt.',
      label: 'outcome',
    },
    () => counters.notifications,
  );
  metrics.countersOf(
    { name: 'osgate_push_submissions_refused_total', help: 'Pushes that were not accepted.', label: 'reason' },
    () => desk.counters.refused,
  );
}
