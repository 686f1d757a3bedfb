export { parseDeliveryReceipt, type DeliveryReceipt, type DeliveryState } from './delivery-receipt.ts';
export { PduFramer } from './pdu-framer.ts';
export { Reassembler, type ReassemblerOptions } from './reassembler.ts';
export { formatSegments, SHORT_MESSAGE_OCTETS, type SegmentOptions } from './segments.ts';
export { INTERNATIONAL, msisdnAddress, type NumberKind, type SmppAddress } from './smpp-address.ts';
export { SmppCarrier, type SmppCarrierOptions } from './smpp-carrier.ts';
export type { SmppCarrierSettings } from './smpp-carrier-settings.ts';
export type { SmppEndpoint, SmppTls } from './smpp-connection.ts';
export type { SmppAccount, SmppLinkEvent, SmppLinkState } from './smpp-link.ts';
export { formatPdu, parsePdu, type SmppField, type SmppPdu } from './smpp-pdu.ts';
export type { SmppEnd } from './smpp-session.ts';
export {
  formatUserDataHeader,
  parseUserData,
  type Concatenation,
  type UserData,
  type UserDataHeader,
  type WdpPorts,
} from './user-data-header.ts';
export { formatWspPush, parseWspPush, type WspPush } from './wsp-push.ts';
