import type { Metrics, Sample } from '../../ops/index.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** What the supervisor says of its workers, each with its slot as the label `worker`. */
export function addWorkerMetrics(metrics: Metrics, slots: readonly WorkerSlot[]): void {
  const each = (read: (slot: WorkerSlot) => number) => (): Sample[] =>
    slots.map((slot) => ({ labels: { worker: String(slot.slot) }, value: read(slot) }));
  const labels = ['worker'];
  metrics.gaugesOf(
    { name: 'osgate_worker_up', help: '1 while the worker serves', labels },
    each(({ up }) => (up ? 1 : 0)),
  );
  metrics.gaugesOf(
    { name: 'osgate_worker_resident_memory_bytes', help: 'Resident memory of each worker', labels },
    each((slot) => slot.lastOf('process_resident_memory_bytes')),
  );
  metrics.gaugesOf(
    { name: 'osgate_worker_sip_transactions', help: 'SIP transactions alive in each worker', labels },
    each((slot) => slot.lastOf('osgate_sip_transactions')),
  );
  metrics.samplesOf(
    { name: 'osgate_worker_restarts_total', help: 'How often the worker died and was started again', labels },
    each(({ restarts }) => restarts),
  );
  metrics.samplesOf(
    {
      name: 'osgate_worker_unanswered_total',
      help: 'Questions that the worker did not answer in time; its last counts stood for its metrics',
      labels,
    },
    each(({ unanswered }) => unanswered),
  );
}
