export { addressOctets, formatAddress } from './address-octets.ts';
export { StreamFramer, type FramingFailure, type FramingHandler, type FramingLimits } from './stream-framer.ts';
export { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream-limits.ts';
export { readStun, type StunReading } from './stun.ts';
export type { CloseReason } from './tcp-connection.ts';
export { TcpTransport, type StreamHandler, type TcpTransportOptions } from './tcp-transport.ts';
export type { DatagramHandler, Flow, Peer, Transport, TransportProtocol } from './transport.ts';
export { UdpTransport, type UdpTransportOptions } from './udp-transport.ts';
export { DTLS_VIA_TRANSPORT, isDtlsViaTransport, peerKey } from './transport.ts';
