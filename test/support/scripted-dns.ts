import type { DnsAnswer, DnsClient, NaptrRecord, SrvRecord } from '../../sip/index.ts';

type Records = NaptrRecord | SrvRecord | string;

/** A DNS that answers as a test says, and notes what it was asked. */
export class ScriptedDns implements DnsClient {
  /** Every question, such as `SRV _sip._udp.example.com`. */
  readonly asked: string[] = [];
  readonly #answers = new Map<string, DnsAnswer<Records>>();
  #held: (() => void)[] | undefined;

  has(question: string, ...records: Records[]): void {
    this.hasFor(60_000, question, ...records);
  }

  hasFor(ttlMilliseconds: number, question: string, ...records: Records[]): void {
    this.#answers.set(question, { outcome: 'found', records, ttlMilliseconds });
  }

  fails(question: string): void {
    this.#answers.set(question, { outcome: 'failed' });
  }

  clear(): void {
    this.#answers.clear();
  }

  /** From now on answers wait for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const answer of held) answer();
  }

  async naptr(name: string): Promise<DnsAnswer<NaptrRecord>> {
    return this.#answer(`NAPTR ${name}`) as Promise<DnsAnswer<NaptrRecord>>;
  }

  async srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    return this.#answer(`SRV ${name}`) as Promise<DnsAnswer<SrvRecord>>;
  }

  async a(name: string): Promise<DnsAnswer<string>> {
    return this.#answer(`A ${name}`) as Promise<DnsAnswer<string>>;
  }

  async aaaa(name: string): Promise<DnsAnswer<string>> {
    return this.#answer(`AAAA ${name}`) as Promise<DnsAnswer<string>>;
  }

  async #answer(question: string): Promise<DnsAnswer<Records>> {
    this.asked.push(question);
    const held = this.#held;
    if (held !== undefined) {
      await new Promise<void>((resolve) => {
        held.push(resolve);
      });
    }
    return this.#answers.get(question) ?? { outcome: 'none' };
  }
}

export function naptr(order: number, preference: number, service: string, replacement: string): NaptrRecord {
  return { order, preference, flags: 's', service, regexp: '', replacement };
}

export function srv(priority: number, weight: number, port: number, target: string): SrvRecord {
  return { priority, weight, port, target };
}
