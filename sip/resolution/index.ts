export { defaultPort, type Destination, type SipProtocol } from './destination.ts';
export type { DnsAnswer, DnsClient, NaptrRecord, SrvRecord } from './dns-client.ts';
export { NodeDnsClient, type NodeDnsClientOptions } from './node-dns-client.ts';
export { reachBit, type Reach } from './reach.ts';
export { resolutionQuery, type ResolutionQuery } from './resolution-query.ts';
export { SipResolver, type ResolverLimits, type SipResolverOptions } from './sip-resolver.ts';
export { weightedOrder, type Weighted } from './srv-order.ts';
