import { DTLS_VIA_TRANSPORT } from '../transport/index.ts';
import { defaultPort, type Destination, type SipProtocol } from './destination.ts';
import type { DnsAnswer, DnsClient, NaptrRecord, SrvRecord } from './dns-client.ts';
import type { Plan, PlanServer } from './plan.ts';
import { reaches, reachesBy, type Reach } from './reach.ts';
import type { ResolutionQuery } from './resolution-query.ts';

/** An SRV name, and what its servers are sent by. */
interface Service {
  readonly protocol: SipProtocol;
  readonly name: string;
}

/** The services of NAPTR that sip and sips may use (RFC 3263 4.1); SIPS+D2U, which must not exist, is not among them. */
const SIP_SERVICES: ReadonlyMap<string, SipProtocol> = new Map([
  ['SIP+D2U', 'UDP'],
  ['SIP+D2T', 'TCP'],
]);
const SIPS_SERVICES: ReadonlyMap<string, SipProtocol> = new Map([['SIPS+D2T', 'TLS']]);

/** SRV names asked for on behalf of one name: three protocols exist, and a zone may split each of them once. */
const MAXIMUM_SERVICES = 6;

/** What no answer has bounded: the caller's own bound then holds. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/**
 * The procedure of RFC 3263 4 for one name: NAPTR chooses protocols, SRV servers and ports, A and AAAA addresses. Each step is
 * left out where the URI says its result already.
 */
export class LookUp {
  readonly #query: ResolutionQuery;
  readonly #reach: Reach;
  readonly #dns: DnsClient;
  readonly #maximumDestinations: number;
  /** Servers of one host, at several ports say, share its addresses. */
  readonly #asked = new Map<string, Promise<DnsAnswer<string>>>();
  #ttl = UNBOUNDED;
  #failed = false;
  #truncated = 0;

  /** @param maximumDestinations servers, and addresses of each server, that are used of an answer */
  constructor(query: ResolutionQuery, reach: Reach, dns: DnsClient, maximumDestinations: number) {
    this.#query = query;
    this.#reach = reach;
    this.#dns = dns;
    this.#maximumDestinations = maximumDestinations;
  }

  /** Runs the procedure. Never rejects. */
  async run(): Promise<Plan> {
    const groups = await this.#groups();
    const found = groups.filter((servers) => servers.length > 0);
    const outcome = found.length > 0 ? 'found' : this.#failed ? 'failed' : 'none';
    return { outcome, groups: found, ttlMilliseconds: this.#failed ? 0 : this.#ttl, truncated: this.#truncated };
  }

  async #groups(): Promise<PlanServer[][]> {
    const { host, port, protocol } = this.#query;
    if (port !== undefined) return this.#atHost(host, port, protocol ?? this.#fallbackProtocol());
    // RFC 3263 knows no DTLS: there are no SRV names to ask for.
    if (protocol === DTLS_VIA_TRANSPORT) return this.#atHost(host, defaultPort(protocol), protocol);
    const services = protocol === undefined ? await this.#services() : [serviceOf(protocol, host)];
    const usable = services.filter((service) => reachesBy(this.#reach, service.protocol));
    const answers = await Promise.all(usable.map(async ({ name }) => this.#records(this.#dns.srv(name))));
    if (answers.every((records) => records === undefined)) {
      // Without SRV records the host itself is the server (RFC 3263 4.2).
      const chosen = protocol ?? usable[0]?.protocol ?? this.#fallbackProtocol();
      return this.#atHost(host, defaultPort(chosen), chosen);
    }
    const groups = await Promise.all(
      usable.map(async (service, index) => this.#servers(answers[index] ?? [], service.protocol)),
    );
    return groups.flat();
  }

  /** UDP for sip and TLS for sips where nothing else was said (RFC 3263 4.1), or TCP for a sender without UDP. */
  #fallbackProtocol(): SipProtocol {
    if (this.#query.secure) return 'TLS';
    return reachesBy(this.#reach, 'UDP') || !reachesBy(this.#reach, 'TCP') ? 'UDP' : 'TCP';
  }

  /** The SRV names to ask for, the domain's preference first; ours, UDP before TCP, where it has no NAPTR records for us. */
  async #services(): Promise<Service[]> {
    const { host, secure } = this.#query;
    const known = secure ? SIPS_SERVICES : SIP_SERVICES;
    const records = (await this.#records(this.#dns.naptr(host))) ?? [];
    const services = records
      .toSorted((one, other) => one.order - other.order || one.preference - other.preference)
      .flatMap((record) => serviceFrom(record, known))
      .filter(({ protocol }) => reachesBy(this.#reach, protocol));
    if (services.length > 0) return this.#bounded(services, MAXIMUM_SERVICES);
    return [...known.values()].map((protocol) => serviceOf(protocol, host));
  }

  /** The servers of one SRV name, by priority; each with its addresses, those without one left out. */
  async #servers(records: readonly SrvRecord[], protocol: SipProtocol): Promise<PlanServer[][]> {
    const wanted = records.filter(({ target }) => target !== '' && target !== '.');
    const sorted = this.#bounded(
      wanted.toSorted((one, other) => one.priority - other.priority),
      this.#maximumDestinations,
    );
    const servers = await Promise.all(
      sorted.map(async ({ target, port, priority, weight }) => ({
        priority,
        weight,
        destinations: await this.#addresses(target, port, protocol),
      })),
    );
    const groups = new Map<number, PlanServer[]>();
    for (const { priority, weight, destinations } of servers) {
      if (destinations.length === 0) continue;
      const group = groups.get(priority);
      if (group === undefined) groups.set(priority, [{ weight, destinations }]);
      else group.push({ weight, destinations });
    }
    return [...groups.values()];
  }

  async #atHost(host: string, port: number, protocol: SipProtocol): Promise<PlanServer[][]> {
    const destinations = await this.#addresses(host, port, protocol);
    return destinations.length === 0 ? [] : [[{ weight: 1, destinations }]];
  }

  /** IPv6 first where the sender has both (RFC 7984 4.2, RFC 6724). */
  async #addresses(host: string, port: number, protocol: SipProtocol): Promise<Destination[]> {
    const [six, four] = await Promise.all([
      reaches(this.#reach, protocol, 6) ? this.#records(this.#ask('aaaa', host)) : undefined,
      reaches(this.#reach, protocol, 4) ? this.#records(this.#ask('a', host)) : undefined,
    ]);
    const addresses = this.#bounded([...(six ?? []), ...(four ?? [])], this.#maximumDestinations);
    return addresses.map((address) => ({ address, port, protocol }));
  }

  #ask(type: 'a' | 'aaaa', host: string): Promise<DnsAnswer<string>> {
    const question = `${type} ${host}`;
    const asked = this.#asked.get(question) ?? this.#dns[type](host);
    this.#asked.set(question, asked);
    return asked;
  }

  /** The records of an answer, undefined where there are none; notes what the answer means for the whole. */
  async #records<Record>(question: Promise<DnsAnswer<Record>>): Promise<readonly Record[] | undefined> {
    const answer = await question;
    switch (answer.outcome) {
      case 'found':
        this.#ttl = Math.min(this.#ttl, answer.ttlMilliseconds);
        return answer.records;
      case 'failed':
        this.#failed = true;
        return undefined;
      case 'none':
        return undefined;
    }
  }

  #bounded<Entry>(entries: Entry[], maximum: number): Entry[] {
    if (entries.length <= maximum) return entries;
    this.#truncated += entries.length - maximum;
    return entries.slice(0, maximum);
  }
}

function serviceOf(protocol: SipProtocol, host: string): Service {
  return { protocol, name: `${protocol === 'TLS' ? '_sips._tcp' : `_sip._${protocol.toLowerCase()}`}.${host}` };
}

function serviceFrom(record: NaptrRecord, known: ReadonlyMap<string, SipProtocol>): Service[] {
  const protocol = known.get(record.service.toUpperCase());
  const terminal = record.flags.toLowerCase() === 's' && record.regexp === '';
  return protocol === undefined || !terminal || record.replacement === ''
    ? []
    : [{ protocol, name: record.replacement }];
}
