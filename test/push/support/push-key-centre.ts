import {
  BootstrappingFunction,
  buildAuts,
  ChallengeLimiter,
  EmbeddedKeyCentre,
  LocalSubscriberSource,
  Milenage,
  NafId,
  PushFunction,
  SecretKey,
  SqnArray,
  SubscriberDatabase,
  UaSecurityProtocolId,
  verifyAutn,
  type BootstrappingContext,
  type Challenge,
  type NafRights,
  type PushInfoRequest,
  type Subscriber,
} from '../../../kmc/index.ts';
import { MemoryStore } from '../../../lib/store/index.ts';
import { GpiCodecV1, gpiWriter, type PushUicc, type PushUiccAnswer } from '../../../push/index.ts';
import { KEY, TEST_SUBSCRIBER } from '../../kmc/subscribers/test-subscriber.ts';

export const NAF_ID = new NafId('osg.example.com', UaSecurityProtocolId.parse('0100000005'));

/** A key centre without sockets, with the test subscriber in it. */
export class PushKeyCentre {
  readonly database = SubscriberDatabase.open(':memory:', new SecretKey(KEY));
  readonly clock: { now: number };

  constructor(clock: { now: number }) {
    this.clock = clock;
    this.database.add(TEST_SUBSCRIBER);
  }

  /** What a gateway with these rights sees. */
  keyCentre(rights: Partial<NafRights> = {}, burst = 100): EmbeddedKeyCentre {
    const source = new LocalSubscriberSource({ database: this.database });
    const limiter = new ChallengeLimiter({ burst, perSecond: 1 });
    const now = (): number => this.clock.now;
    const bootstrapping = new BootstrappingFunction({
      source,
      limiter,
      challenges: new MemoryStore<Challenge>({ maximumRecords: 1 }),
      contexts: new MemoryStore<BootstrappingContext>({ maximumRecords: 1 }),
      domain: 'kmc.example.com',
      keyLifetimeSeconds: 3600,
      challengeLifetimeSeconds: 60,
    });
    const writer = gpiWriter(new GpiCodecV1());
    return new EmbeddedKeyCentre({
      bootstrapping,
      push: new PushFunction({ source, writer, limiter, keyLifetimeSeconds: 3600, now }),
      rights: { fqdns: [NAF_ID.fqdn], gsids: [7], revealImpi: true, push: true, ...rights },
    });
  }

  /** A request for a push to the test subscriber that lives for a minute. */
  request(changes: Partial<PushInfoRequest> = {}): PushInfoRequest {
    return {
      ueId: TEST_SUBSCRIBER.impi,
      ueIdType: 'private',
      applicationLabel: Buffer.alloc(0),
      nafId: NAF_ID,
      ptid: 'p-tid',
      mode: 'GBA_ME',
      requestedExpiresAt: this.clock.now + 60_000,
      gsids: [],
      ...changes,
    };
  }

  close(): void {
    this.database.close();
  }
}

/** A card in memory. */
export class TestCard implements PushUicc {
  readonly array: SqnArray;
  /** Challenges that were put to the card. */
  asked = 0;
  readonly #milenage: Milenage;

  constructor({ k, opc }: Pick<Subscriber, 'k' | 'opc'> = TEST_SUBSCRIBER, array = new SqnArray()) {
    this.#milenage = new Milenage(k, opc);
    this.array = array;
  }

  hasApplication(label: Buffer): boolean {
    return label.length === 0;
  }

  async authenticate(rand: Buffer, autn: Buffer): Promise<PushUiccAnswer> {
    this.asked++;
    const verified = verifyAutn(this.#milenage, rand, autn);
    if (verified === undefined) return { outcome: 'mac-failure' };
    if (this.array.accept(verified.sqn) !== 'accepted') {
      return { outcome: 'synchronisation-failure', auts: buildAuts(this.#milenage, rand, this.array.sqnMs) };
    }
    const { ck, ik } = this.#milenage.f2345(rand);
    return { outcome: 'authenticated', ck, ik };
  }
}
