/** DTLS 1.2 for servers and clients, on node:dgram and node:crypto. See dtls/README.md. */
export type { CloseReason } from './association/close-reason.ts';
export type { ClientPsk, ClientPskLookUp, DtlsConnectOptions } from './endpoint/client-options.ts';
export { connect } from './endpoint/connect.ts';
export { DtlsAssociation, type CipherDescription, type DtlsAssociationEvents } from './endpoint/dtls-association.ts';
export { createServer, DtlsServer, type DtlsServerEvents } from './endpoint/dtls-server.ts';
export type { EndpointCounters } from './endpoint/endpoint-counters.ts';
export { DEFAULT_LIMITS, type DtlsLimits } from './endpoint/limits.ts';
export type { HandshakeFailure } from './endpoint/server-endpoint.ts';
export type {
  CertificateCredentials,
  CommonOptions,
  ConnectionIdOptions,
  DtlsServerOptions,
  ListenOptions,
  RetransmissionOptions,
  ServerPskAnswer,
  ServerPskOptions,
  ServerPskRequest,
  SessionTicketOptions,
} from './endpoint/server-options.ts';
export { alertName, DTLS_ERROR_CODES, DtlsError, type DtlsErrorCode } from './errors.ts';
export { canCallOpenssl } from './record/openssl-aead.ts';
export { isDtlsOctet } from './record/record-header.ts';
export { CIPHER_SUITES, DEFAULT_CIPHER_SUITES } from './suites/cipher-suite.ts';
export type { DatagramHandler, DatagramTransport } from './transport/datagram-transport.ts';
export { DgramTransport, type DgramTransportOptions } from './transport/dgram-transport.ts';
export { MemoryNetwork, type Fate, type MemoryNetworkOptions } from './transport/memory-network.ts';
export { isSamePeer, type Peer } from './transport/peer.ts';
