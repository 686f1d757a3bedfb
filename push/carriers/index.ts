export type { Carrier, CarrierFailure, CarrierResult, Delivery, UplinkHandler } from './carrier.ts';
export { UdpCarrier, type UdpAddress, type UdpCarrierOptions } from './udp-carrier.ts';
export * from './smpp/index.ts';
