import type { SipTarget } from './sip-target.ts';
import type { PassedOver, TargetOutcome } from './target-state.ts';

/** How one target of one rule is; a copy, for an admin interface. */
export interface TargetStatus {
  readonly rule: string;
  readonly uri: string;
  readonly weight: number;
  readonly priority: number;
  /** `retry-after`: left alone as it asked; `avoided`: tried only after the others. */
  readonly state: 'up' | 'down' | 'draining' | 'retry-after' | 'avoided';
  /** Milliseconds until `retry-after` or `avoided` ends. */
  readonly endsInMilliseconds?: number;
  readonly inFlight: number;
  /** Absent where there is no limit. */
  readonly maximumInFlight?: number;
  readonly outcomes: Readonly<Record<TargetOutcome, number>>;
  readonly passedOver: Readonly<Record<PassedOver, number>>;
}

export function targetStatus(rule: string, target: SipTarget, now: number): TargetStatus {
  const { state } = target;
  const refusal = state.refusal(now);
  const ends = refusal === 'retry-after' ? state.retryAfter : state.avoidUntil;
  const timed = refusal === 'retry-after' || (refusal === undefined && !target.isAlive(now));
  return {
    rule,
    uri: target.uri,
    weight: target.weight,
    priority: target.priority,
    state: refusal ?? (timed ? 'avoided' : 'up'),
    ...(timed ? { endsInMilliseconds: Math.ceil(ends - now) } : {}),
    inFlight: state.inFlight,
    ...(Number.isFinite(target.maximumInFlight) ? { maximumInFlight: target.maximumInFlight } : {}),
    outcomes: { ...state.outcomes },
    passedOver: { ...state.passedOver },
  };
}
