export { AssociationPeer, subjectHash, type AssociationUser } from './association-peer.ts';
export type { ChannelEvents, ChannelFailure } from './channel-events.ts';
export {
  ChannelServer,
  type AssociationRecord,
  type ChannelServerOptions,
  type ChannelSocket,
  type ChannelUser,
} from './channel-server.ts';
export { DtlsSipTransport, type DtlsSipHandler, type DtlsSipTransportOptions } from './dtls-sip-transport.ts';
export { datagramKind, type DatagramKind } from './first-octet.ts';
