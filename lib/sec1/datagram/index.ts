export { DatagramRelay, type DatagramRelayOptions } from './datagram-relay.ts';
export {
  formatProxyHeader,
  readProxyHeader,
  type ProxyChannel,
  type ProxyHeader,
  type ProxyIdentity,
} from './proxy-protocol.ts';
