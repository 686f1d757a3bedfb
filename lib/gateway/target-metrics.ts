import type { SipResolver } from '../../sip/index.ts';
import type { Metrics } from '../ops/index.ts';
import type { TargetState } from '../sec3/index.ts';
import type { SipTargetService } from './sip-target-service.ts';

/** Publishes how the targets of SEC-3 are and what they did, and what the resolver counted. */
export function publishTargetMetrics(metrics: Metrics, targets: SipTargetService, resolver: SipResolver): void {
  const gauge = (name: string, help: string, value: (state: TargetState) => number): void => {
    metrics.gaugesOf({ name, help, labels: ['target'] }, () =>
      [...targets.table.states.values()].map((state) => ({ labels: { target: state.uri }, value: value(state) })),
    );
  };
  const counter = (
    name: string,
    help: string,
    label: string,
    counts: (state: TargetState) => Readonly<Record<string, number>>,
  ): void => {
    metrics.samplesOf({ name, help, labels: ['target', label] }, () =>
      [...targets.table.states.values()].flatMap((state) =>
        Object.entries(counts(state)).map(([key, value]) => ({ labels: { target: state.uri, [label]: key }, value })),
      ),
    );
  };
  gauge('osgate_sip_target_up', '1 while health checks find the target well, else 0', ({ up }) => Number(up));
  gauge('osgate_sip_target_draining', '1 while the target is draining', ({ draining }) => Number(draining));
  gauge('osgate_sip_target_in_flight', 'Requests that the target has not answered yet', ({ inFlight }) => inFlight);
  counter('osgate_sip_target_outcomes_total', 'Requests sent to the target, by outcome', 'outcome', (state) => {
    return state.outcomes;
  });
  counter('osgate_sip_target_passed_over_total', 'Requests the target was not given, by reason', 'reason', (state) => {
    return state.passedOver;
  });
  counter('osgate_sip_target_probes_total', 'Health checks of the target, by result', 'result', (state) => {
    return state.probes;
  });
  counter('osgate_sip_target_health_transitions_total', 'Changes of the target’s health', 'to', (state) => {
    return state.transitions;
  });
  metrics.samplesOf(
    { name: 'osgate_sip_target_peers_refused_total', help: 'Addresses of targets that were not remembered' },
    () => [{ labels: {}, value: targets.table.peers.refused }],
  );
  metrics.countersOf(
    { name: 'osgate_sip_resolution_total', help: 'What the resolver of SIP names counted, by kind', label: 'kind' },
    () => resolver.counters,
  );
  metrics.gauge({ name: 'osgate_sip_resolution_pending', help: 'Look-ups under way' }, () => resolver.pendingCount);
  metrics.gauge({ name: 'osgate_sip_resolution_names', help: 'Names remembered' }, () => resolver.size);
}
