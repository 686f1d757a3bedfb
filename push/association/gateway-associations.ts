import { PushLayerReceiver, PushLayerSender, type PushLayerMessage, type PushLayerOpening } from '../layer/index.ts';
import type { AssociationStore } from './association-store.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';
import { SerialWork } from './serial-work.ts';

/** A NAF SA in the gateway, which also knows whose it is. */
export interface GatewayAssociation extends NafSecurityAssociation {
  /** The identity that the push went to, as the initiator named it. */
  readonly subscriber: string;
  /** Where the gateway was told. */
  readonly impi?: string;
}

export type GatewayOpening =
  | (Extract<PushLayerOpening, { ok: true }> & { readonly association: GatewayAssociation })
  | {
      readonly ok: false;
      readonly failure: Extract<PushLayerOpening, { ok: false }>['failure'] | 'unknown-association';
    };

/** The NAF SAs of a gateway, by P-TID. Sequence numbers are kept before a message goes out, and before one is acted on. */
export class GatewayAssociations {
  readonly #store: AssociationStore<GatewayAssociation>;
  readonly #now: () => number;
  readonly #work = new SerialWork();

  constructor(options: {
    readonly store: AssociationStore<GatewayAssociation>;
    /** Milliseconds since 1970-01-01T00:00:00Z. */
    readonly now?: () => number;
  }) {
    this.#store = options.store;
    this.#now = options.now ?? Date.now;
  }

  /** The live NAF SA with that P-TID. */
  async find(ptid: string): Promise<GatewayAssociation | undefined> {
    const association = await this.#store.get(ptid);
    return association !== undefined && association.expiresAt > this.#now() ? association : undefined;
  }

  /** False, and nothing is kept, when there is a live one with the same P-TID. */
  async add(association: GatewayAssociation): Promise<boolean> {
    const { ptid, expiresAt } = association;
    return this.#work.run(ptid, async () => {
      if ((await this.find(ptid)) !== undefined) return false;
      await this.#store.put(ptid, association, expiresAt);
      return true;
    });
  }

  async remove(ptid: string): Promise<void> {
    await this.#store.delete(ptid);
  }

  /** Seals a message to the agent; undefined without a live NAF SA of that name. */
  async seal(ptid: string, text: Uint8Array): Promise<Buffer | undefined> {
    return this.#work.run(ptid, async () => {
      const association = await this.find(ptid);
      if (association === undefined) return undefined;
      const sender = new PushLayerSender({
        association: { direction: 'downlink', rand: association.rand, naf: association.nafId.fqdn },
        nafKey: association.nafKey,
        next: association.nextToSend,
      });
      const sealed = sender.seal(text);
      await this.#store.put(ptid, { ...association, nextToSend: sender.next }, association.expiresAt);
      return sealed;
    });
  }

  /** Opens a message of an agent. */
  async open(message: PushLayerMessage): Promise<GatewayOpening> {
    const { association: id } = message;
    if (id.direction !== 'uplink') return { ok: false, failure: 'other-association' };
    return this.#work.run(id.ptid, async () => {
      const association = await this.find(id.ptid);
      if (association === undefined) return { ok: false, failure: 'unknown-association' };
      const { nafKey, highestReceived, expiresAt } = association;
      const receiver = new PushLayerReceiver({ association: id, nafKey, highest: highestReceived });
      const opening = receiver.openParsed(message);
      if (!opening.ok) return opening;
      const changed = { ...association, highestReceived: receiver.highest };
      await this.#store.put(id.ptid, changed, expiresAt);
      return { ...opening, association: changed };
    });
  }
}
