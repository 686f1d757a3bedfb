import { promises } from 'node:dns';
import { isIP } from 'node:net';

import type { DnsAnswer, DnsClient, NaptrRecord, SrvRecord } from './dns-client.ts';
import { HostsFile } from './hosts-file.ts';

export interface NodeDnsClientOptions {
  /** Name servers, each an address or address:port; the system's own where absent. */
  readonly servers?: readonly string[] | undefined;
  /** Milliseconds that one server is given for one question. */
  readonly timeoutMilliseconds: number;
  /** What is taken for the time to live of what has none that we learn: SRV and NAPTR records of node:dns, the hosts file. */
  readonly assumedTtlMilliseconds: number;
  /** A hosts file; its names are not asked for in the DNS. */
  readonly hostsFile?: string | undefined;
}

/** Tries of one question at each server. */
const TRIES = 2;

/** The DNS through node:dns, behind the names of a hosts file. */
export class NodeDnsClient implements DnsClient {
  readonly #resolver: promises.Resolver;
  readonly #assumedTtl: number;
  readonly #hosts: HostsFile | undefined;

  constructor(options: NodeDnsClientOptions) {
    this.#resolver = new promises.Resolver({ timeout: options.timeoutMilliseconds, tries: TRIES });
    if (options.servers !== undefined) this.#resolver.setServers(options.servers);
    this.#assumedTtl = options.assumedTtlMilliseconds;
    this.#hosts =
      options.hostsFile === undefined ? undefined : new HostsFile(options.hostsFile, options.assumedTtlMilliseconds);
  }

  async naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.#untimed(name, async () => this.#resolver.resolveNaptr(name));
  }

  async srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    const host = name.slice(name.indexOf('.', name.indexOf('.') + 1) + 1);
    const answer = await this.#untimed(host, async () => this.#resolver.resolveSrv(name));
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

  async #local(name: string): Promise<readonly string[]> {
    return this.#hosts === undefined ? [] : this.#hosts.addresses(name);
  }

  /** @param host a name that must not be one of the hosts file, which knows addresses only */
  async #untimed<Record>(host: string, question: () => Promise<Record[]>): Promise<DnsAnswer<Record>> {
    if ((await this.#local(host)).length > 0) return NONE;
    try {
      return found(await question(), this.#assumedTtl);
    } catch (error) {
      return withoutAnswer(error);
    }
  }

  async #addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>> {
    const local = await this.#local(name);
    if (local.length > 0) {
      return found(
        local.filter((address) => isIP(address) === family),
        this.#assumedTtl,
      );
    }
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
      return withoutAnswer(error);
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
