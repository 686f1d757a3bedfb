export { HostResolver } from './host-resolver.ts';
export { SipTarget } from './sip-target.ts';
export { SipTargetTable, eventPackage, type SipTargetRule, type TargetSelection } from './sip-target-table.ts';
