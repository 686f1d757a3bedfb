import { PushLayerReceiver, PushLayerSender, type PushLayerMessage, type PushLayerOpening } from '../layer/index.ts';
import { formatSecurityAssociationId } from '../layer/security-association-id.ts';
import type { AssociationStore } from './association-store.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';
import { SerialWork } from './serial-work.ts';

/** Why an agent did not open a message; beside what the push layer says, that it has no such NAF SA or a dead one. */
export type AgentOpening =
  | Extract<PushLayerOpening, { ok: true }>
  | {
      readonly ok: false;
      readonly failure: Extract<PushLayerOpening, { ok: false }>['failure'] | 'unknown-association';
    };

/** The NAF SAs of an agent, by `RAND@naf`. Sequence numbers are kept before anybody acts on a message. */
export class AgentAssociations {
  readonly #store: AssociationStore<NafSecurityAssociation>;
  readonly #now: () => number;
  readonly #work = new SerialWork();

  constructor(options: {
    readonly store: AssociationStore<NafSecurityAssociation>;
    /** Milliseconds since 1970-01-01T00:00:00Z. */
    readonly now?: () => number;
  }) {
    this.#store = options.store;
    this.#now = options.now ?? Date.now;
  }

  /** The live NAF SA with that RAND of that gateway. */
  async find(rand: Buffer, naf: string): Promise<NafSecurityAssociation | undefined> {
    const association = await this.#store.get(nameOf(rand, naf));
    return association !== undefined && association.expiresAt > this.#now() ? association : undefined;
  }

  /** False, and nothing is kept, when there is a live one with the same RAND (TS 33.223: a RAND makes one NAF SA). */
  async add(association: NafSecurityAssociation): Promise<boolean> {
    const name = nameOf(association.rand, association.nafId.fqdn);
    return this.#work.run(name, async () => {
      if ((await this.find(association.rand, association.nafId.fqdn)) !== undefined) return false;
      await this.#store.put(name, association, association.expiresAt);
      return true;
    });
  }

  /** Opens a message of the gateway. */
  async open(message: PushLayerMessage): Promise<AgentOpening> {
    const { association: id } = message;
    if (id.direction !== 'downlink') return { ok: false, failure: 'other-association' };
    const name = nameOf(id.rand, id.naf);
    return this.#work.run(name, async () => {
      const association = await this.find(id.rand, id.naf);
      if (association === undefined) return { ok: false, failure: 'unknown-association' };
      const receiver = new PushLayerReceiver({
        association: id,
        nafKey: association.nafKey,
        highest: association.highestReceived,
      });
      const opening = receiver.openParsed(message);
      if (!opening.ok) return opening;
      const highestReceived = receiver.highest;
      await this.#store.put(name, { ...association, highestReceived }, association.expiresAt);
      return opening;
    });
  }

  /** Seals a message to the gateway; undefined without a live NAF SA of that name. */
  async seal(rand: Buffer, naf: string, text: Uint8Array): Promise<Buffer | undefined> {
    const name = nameOf(rand, naf);
    return this.#work.run(name, async () => {
      const association = await this.find(rand, naf);
      if (association === undefined) return undefined;
      const sender = new PushLayerSender({
        association: { direction: 'uplink', ptid: association.ptid },
        nafKey: association.nafKey,
        next: association.nextToSend,
      });
      const sealed = sender.seal(text);
      await this.#store.put(name, { ...association, nextToSend: sender.next }, association.expiresAt);
      return sealed;
    });
  }
}

function nameOf(rand: Buffer, naf: string): string {
  return formatSecurityAssociationId({ direction: 'downlink', rand, naf });
}
