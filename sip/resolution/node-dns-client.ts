import { promises, type LookupAddress } from 'node:dns';

import type { DnsAnswer, DnsClient, NaptrRecord, SrvRecord } from './dns-client.ts';

export interface NodeDnsClientOptions {
  /** Name servers, each an address or address:port; the system's own where absent. */
  readonly servers?: readonly string[] | undefined;
  /** Milliseconds that one server is given for one question. */
  readonly timeoutMilliseconds: number;
  /** What is taken for the time to live of SRV and NAPTR records, which node:dns does not tell. */
  readonly assumedTtlMilliseconds: number;
  /** Asks the system (hosts file, search domains) for addresses of names that the DNS does not have. */
  readonly systemLookup: boolean;
}

/** Tries of one question at each server. */
const TRIES = 2;

/** The DNS through node:dns. */
export class NodeDnsClient implements DnsClient {
  readonly #resolver: promises.Resolver;
  readonly #assumedTtl: number;
  readonly #systemLookup: boolean;

  constructor(options: NodeDnsClientOptions) {
    this.#resolver = new promises.Resolver({ timeout: options.timeoutMilliseconds, tries: TRIES });
    if (options.servers !== undefined) this.#resolver.setServers(options.servers);
    this.#assumedTtl = options.assumedTtlMilliseconds;
    this.#systemLookup = options.systemLookup;
  }

  async naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.#untimed(this.#resolver.resolveNaptr(name));
  }

  async srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    const answer = await this.#untimed(this.#resolver.resolveSrv(name));
    if (answer.outcome !== 'found') return answer;
    return { ...answer, records: answer.records.map(({ name: target, ...rest }) => ({ target, ...rest })) };
  }

  async a(name: string): Promise<DnsAnswer<string>> {
    return this.#addresses(name, 4);
  }

  async aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#addresses(name, 6);
  }

  /** Gives up every question that is out. */
  close(): void {
    this.#resolver.cancel();
  }

  async #untimed<Record>(question: Promise<Record[]>): Promise<DnsAnswer<Record>> {
    try {
      return found(await question, this.#assumedTtl);
    } catch (error) {
      return withoutAnswer(error);
    }
  }

  async #addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    try {
      const records = await (family === 4
        ? this.#resolver.resolve4(name, { ttl: true })
        : this.#resolver.resolve6(name, { ttl: true }));
      const ttl = Math.min(...records.map((record) => record.ttl));
      return found(
        records.map(({ address }) => address),
        ttl * 1000,
      );
    } catch (error) {
      const answer = withoutAnswer(error);
      return answer.outcome === 'none' && this.#systemLookup ? this.#asSystemSays(name, family) : answer;
    }
  }

  async #asSystemSays(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    try {
      const addresses: LookupAddress[] = await promises.lookup(name, { family, all: true });
      return found(
        addresses.map(({ address }) => address),
        this.#assumedTtl,
      );
    } catch {
      // Whatever the system's resolver lacks, the DNS has said before that there is nothing.
      return NONE;
    }
  }
}

const NONE = { outcome: 'none' } as const;

const FAILED = { outcome: 'failed' } as const;

/** Codes of node:dns for answers that say that there is nothing; the others say that nobody could tell. */
const NOTHING_THERE = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

function found<Record>(records: readonly Record[], ttlMilliseconds: number): DnsAnswer<Record> {
  return records.length === 0 ? NONE : { outcome: 'found', records, ttlMilliseconds };
}

function withoutAnswer(error: unknown): { readonly outcome: 'none' | 'failed' } {
  return error instanceof Error && 'code' in error && NOTHING_THERE.has(String(error.code)) ? NONE : FAILED;
}
