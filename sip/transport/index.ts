export type { DatagramHandler, Flow, Peer, Transport } from './transport.ts';
export { UdpTransport, type UdpTransportOptions } from './udp-transport.ts';
