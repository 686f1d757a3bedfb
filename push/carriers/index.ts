export type { Carrier, CarrierResult, Delivery, UplinkHandler } from './carrier.ts';
