import { AgentAssociations, type AssociationStore, type NafSecurityAssociation } from '../../../push/index.ts';
import type { AgentPushConfig } from '../../config/index.ts';
import { SqliteStore, type Store } from '../../store/index.ts';

/** Where the newest NAF SA of a gateway is. */
interface Newest {
  readonly key: string;
  readonly createdAt: number;
}

/** What an agent keeps of pushes on disk, shared by the processes of one subscriber. */
export interface AgentPushStore {
  readonly associations: AgentAssociations;
  /** Ids of the pushes that the application has. */
  readonly delivered: Store<true>;
  /** The newest live NAF SA with a gateway, as it is on disk now; to be used, not to be changed. */
  newest(gatewayFqdn: string): Promise<NafSecurityAssociation | undefined>;
  /** What tells this agent from others of the same subscriber (RFC 5626 4.1): the same at every start. */
  instance(make: () => string): Promise<string>;
  /** NAF SAs and ids that were refused because there was no room. */
  readonly refused: number;
  /** Removes what has ended, and tells how many records that were. */
  purge(): Promise<number>;
  close(): Promise<void>;
}

type Settings = Pick<AgentPushConfig, 'store' | 'maximumAssociations' | 'maximumRemembered'>;

/**
 * Opens the file, readable for its owner alone (mode 0600), for it holds NAF keys. What is put there is on disk before
 * anything is done with it.
 *
 * @param config `agent`
 * @throws OsgateError OSGATE_STORE when the file cannot be used
 */
export function openAgentPushStore(
  { push }: { readonly push: Settings },
  now: () => number = Date.now,
): AgentPushStore {
  const { store: path, maximumAssociations, maximumRemembered } = push;
  const opened: Store<unknown>[] = [];
  const open = <T>(name: string, maximumRecords: number): SqliteStore<T> => {
    const store = new SqliteStore<T>({ path, name, maximumRecords, now });
    opened.push(store);
    return store;
  };
  const records = open<NafSecurityAssociation>('naf_associations', maximumAssociations);
  // No more than NAF SAs, for one of them made each.
  const newest = open<Newest>('newest_associations', maximumAssociations);
  const delivered = open<true>('pushes_delivered', maximumRemembered);
  const instances = open<string>('instance', 1);
  return {
    associations: new AgentAssociations({ store: new IndexedStore(records, newest), now }),
    delivered,
    newest: async (gatewayFqdn) => {
      const entry = await newest.get(gatewayFqdn);
      return entry === undefined ? undefined : records.get(entry.key);
    },
    instance: async (make) => {
      const known = await instances.get(INSTANCE);
      if (known !== undefined) return known;
      const made = make();
      await instances.put(INSTANCE, made, Number.MAX_SAFE_INTEGER);
      return made;
    },
    get refused() {
      return records.refused + delivered.refused;
    },
    purge: async () => {
      const purged = await Promise.all(opened.map(async (store) => store.purge()));
      return purged.reduce((sum, some) => sum + some, 0);
    },
    close: async () => {
      await Promise.all(opened.map(async (store) => store.close()));
    },
  };
}

const INSTANCE = 'urn:uuid';

/** Remembers beside the NAF SAs which one is the newest of each gateway. */
class IndexedStore implements AssociationStore<NafSecurityAssociation> {
  readonly #records: Store<NafSecurityAssociation>;
  readonly #newest: Store<Newest>;

  constructor(records: Store<NafSecurityAssociation>, newest: Store<Newest>) {
    this.#records = records;
    this.#newest = newest;
  }

  async get(key: string): Promise<NafSecurityAssociation | undefined> {
    return this.#records.get(key);
  }

  async put(key: string, value: NafSecurityAssociation, expiresAt: number): Promise<void> {
    // The NAF SA first: a crash in between leaves one that is not found by its gateway until it is next used.
    await this.#records.put(key, value, expiresAt);
    const { nafId, createdAt } = value;
    const known = await this.#newest.get(nafId.fqdn);
    if (known !== undefined && (known.key === key || known.createdAt > createdAt)) return;
    await this.#newest.put(nafId.fqdn, { key, createdAt }, expiresAt);
  }

  async delete(key: string): Promise<void> {
    await this.#records.delete(key);
  }
}
