import {
  BootstrappingFunction,
  ChallengeLimiter,
  loadSecretKey,
  LocalSubscriberSource,
  PushFunction,
  SubscriberDatabase,
  type BootstrappingContext,
  type Challenge,
  type SecretKey,
} from '../../kmc/index.ts';
import { GpiCodecV1, gpiWriter } from '../../push/index.ts';
import type { KmcConfig } from '../config/index.ts';
import { MemoryStore, sealedCodec, SqliteStore, type Store } from '../store/index.ts';

/** How often expired records are removed. */
const PURGE_INTERVAL_MILLISECONDS = 60_000;

/** The parts of a key centre that have no socket: subscribers, stores, the functions for bootstrapping and for pushes. */
export class KeyCentreCore {
  readonly bootstrapping: BootstrappingFunction;
  readonly push: PushFunction;
  readonly #source: LocalSubscriberSource;
  readonly #stores: readonly Store<unknown>[];
  readonly #purge: NodeJS.Timeout;

  private constructor(
    bootstrapping: BootstrappingFunction,
    push: PushFunction,
    source: LocalSubscriberSource,
    stores: readonly Store<unknown>[],
  ) {
    this.bootstrapping = bootstrapping;
    this.push = push;
    this.#source = source;
    this.#stores = stores;
    this.#purge = setInterval(() => {
      // A store that cannot be purged refuses new records in time, and says so there.
      for (const store of stores) store.purge().catch(() => undefined);
    }, PURGE_INTERVAL_MILLISECONDS).unref();
  }

  /** @throws KmcError OSGATE_KMC_SECRET_KEY, OSGATE_KMC_DATABASE; OsgateError OSGATE_STORE */
  static async open(config: KmcConfig): Promise<KeyCentreCore> {
    const key = await loadSecretKey(config.subscribers.secretKey);
    const database = SubscriberDatabase.open(config.subscribers.database, key);
    const source = new LocalSubscriberSource({ database });
    const { bootstrapping: settings } = config;
    const challenges = new MemoryStore<Challenge>({ maximumRecords: settings.maximumChallenges });
    const contexts = openStore<BootstrappingContext>(settings, key, 'contexts');
    const temporaryIdentities = settings.tmpi ? openStore<string>(settings, key, 'temporary_identities') : undefined;
    const limiter = new ChallengeLimiter({ burst: settings.challengeBurst, perSecond: settings.challengesPerSecond });
    const { keyLifetimeSeconds } = settings;
    const push = new PushFunction({ source, limiter, keyLifetimeSeconds, writer: gpiWriter(new GpiCodecV1()) });
    const bootstrapping = new BootstrappingFunction({
      source,
      challenges,
      contexts,
      ...(temporaryIdentities === undefined ? {} : { temporaryIdentities }),
      limiter,
      domain: config.domain,
      keyLifetimeSeconds,
      challengeLifetimeSeconds: settings.challengeLifetimeSeconds,
    });
    const stores: Store<unknown>[] = [challenges, contexts];
    if (temporaryIdentities !== undefined) stores.push(temporaryIdentities);
    return new KeyCentreCore(bootstrapping, push, source, stores);
  }

  async close(): Promise<void> {
    clearInterval(this.#purge);
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.#source.close();
  }
}

/** Contexts hold Ks, so on disk they are sealed under the key that seals the subscribers' secrets. */
function openStore<T>(settings: KmcConfig['bootstrapping'], key: SecretKey, name: string): Store<T> {
  const { store, maximumContexts: maximumRecords } = settings;
  if (store.type === 'memory') return new MemoryStore<T>({ maximumRecords });
  return new SqliteStore<T>({
    path: store.path,
    name,
    maximumRecords,
    codec: sealedCodec<T>(key.box(`osgate ${name}`)),
  });
}
