export type { Carrier, CarrierResult, Delivery, UplinkHandler } from './carrier.ts';
export { UdpCarrier, type UdpAddress, type UdpCarrierOptions } from './udp-carrier.ts';
