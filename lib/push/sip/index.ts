export { CoreSender } from './core-sender.ts';
export { FlowSender, type SendResult } from './flow-sender.ts';
export type { Parcel } from './push-request.ts';
export { SipCarrier, type RemoteFlows } from './sip-carrier.ts';
export { SipUplink } from './sip-uplink.ts';
