/** A NAPTR record (RFC 3403 4.1); of the rules, SIP uses the ones with flag `s` and without a regular expression. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** A host name; `.` or nothing says that the service is decidedly not there. */
  readonly target: string;
}

/** What became of one question. */
export type DnsAnswer<Record> =
  | { readonly outcome: 'found'; readonly records: readonly Record[]; readonly ttlMilliseconds: number }
  /** The name does not exist, or has no record of that type. */
  | { readonly outcome: 'none' }
  /** No server answered, or none could. */
  | { readonly outcome: 'failed' };

/** What resolution asks of the DNS. A question never rejects: that nobody answers is an answer too. */
export interface DnsClient {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  /** IPv4 addresses. */
  a(name: string): Promise<DnsAnswer<string>>;
  /** IPv6 addresses. */
  aaaa(name: string): Promise<DnsAnswer<string>>;
}
