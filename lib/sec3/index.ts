export { HealthChecker, type HealthCheckerOptions } from './health-checker.ts';
export type { HealthCheckSettings } from './health-probe.ts';
export { SipTarget, type SipTargetOptions } from './sip-target.ts';
export {
  SipTargetTable,
  eventPackage,
  type ActiveRule,
  type SipTargetRule,
  type SipTargetTableOptions,
  type TargetSelection,
} from './sip-target-table.ts';
export type { PassedOver, TargetOutcome, TargetState } from './target-state.ts';
export type { TargetStatus } from './target-status.ts';
