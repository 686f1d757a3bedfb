/** DTLS 1.2 for servers and clients, on node:dgram and node:crypto. See dtls/README.md. */
export type { ClientPsk, ClientPskLookUp, DtlsConnectOptions } from './endpoint/client-options.ts';
export type { DtlsAssociation, DtlsAssociationEvents } from './endpoint/dtls-association.ts';
export type { DtlsServer, DtlsServerEvents, HandshakeFailure } from './endpoint/dtls-server.ts';
export { DEFAULT_LIMITS, type DtlsLimits } from './endpoint/limits.ts';
export type {
  CertificateCredentials,
  ConnectionIdOptions,
  DtlsServerOptions,
  ListenOptions,
  RetransmissionOptions,
  ServerPskAnswer,
  ServerPskOptions,
  ServerPskRequest,
} from './endpoint/server-options.ts';
export type { DatagramHandler, DatagramTransport } from './transport/datagram-transport.ts';
export { isSamePeer, type Peer } from './transport/peer.ts';
