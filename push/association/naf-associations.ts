import { PushLayerReceiver, PushLayerSender, type PushLayerMessage, type PushLayerOpening } from '../layer/index.ts';
import { formatSecurityAssociationId, type SecurityAssociationId } from '../layer/security-association-id.ts';
import type { AssociationStore } from './association-store.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';
import { SerialWork } from './serial-work.ts';

export interface NafAssociationsOptions<T> {
  readonly store: AssociationStore<T>;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** Beside what the push layer says, that there is no such NAF SA, or a dead one. */
export interface NotOpened {
  readonly ok: false;
  readonly failure: Extract<PushLayerOpening, { ok: false }>['failure'] | 'unknown-association';
}

export type Opened<T> = Extract<PushLayerOpening, { ok: true }> & { readonly association: T };

/**
 * The NAF SAs of one side, each under the name that the other side's messages call it by. Sequence numbers are kept before a
 * message goes out, and before one is acted on.
 */
export abstract class NafAssociations<T extends NafSecurityAssociation> {
  readonly #store: AssociationStore<T>;
  readonly #now: () => number;
  readonly #work = new SerialWork();

  constructor(options: NafAssociationsOptions<T>) {
    this.#store = options.store;
    this.#now = options.now ?? Date.now;
  }

  /** How the other side's messages name it. */
  protected abstract incomingId(association: T): SecurityAssociationId;

  /** How our messages name it. */
  protected abstract outgoingId(association: T): SecurityAssociationId;

  /** False, and nothing is kept, when there is a live one of that name. */
  async add(association: T): Promise<boolean> {
    const name = formatSecurityAssociationId(this.incomingId(association));
    return this.#work.run(name, async () => {
      if ((await this.findByName(name)) !== undefined) return false;
      await this.#store.put(name, association, association.expiresAt);
      return true;
    });
  }

  /** The live NAF SA of that name. */
  protected async findByName(name: string): Promise<T | undefined> {
    const association = await this.#store.get(name);
    return association !== undefined && association.expiresAt > this.#now() ? association : undefined;
  }

  protected async removeByName(name: string): Promise<void> {
    await this.#store.delete(name);
  }

  /** Seals a message to the other side; undefined without a live NAF SA of that name. */
  protected async sealByName(name: string, text: Uint8Array): Promise<Buffer | undefined> {
    return this.#work.run(name, async () => {
      const association = await this.findByName(name);
      if (association === undefined) return undefined;
      const { nafKey, nextToSend: next, expiresAt } = association;
      const sender = new PushLayerSender({ association: this.outgoingId(association), nafKey, next });
      const sealed = sender.seal(text);
      await this.#store.put(name, { ...association, nextToSend: sender.next }, expiresAt);
      return sealed;
    });
  }

  /** Opens a message of the other side. */
  protected async openMessage(message: PushLayerMessage): Promise<Opened<T> | NotOpened> {
    const name = formatSecurityAssociationId(message.association);
    return this.#work.run(name, async () => {
      const association = await this.findByName(name);
      if (association === undefined) return { ok: false, failure: 'unknown-association' };
      const { nafKey, highestReceived: highest, expiresAt } = association;
      const receiver = new PushLayerReceiver({ association: message.association, nafKey, highest });
      const opening = receiver.openParsed(message);
      if (!opening.ok) return opening;
      const changed = { ...association, highestReceived: receiver.highest };
      await this.#store.put(name, changed, expiresAt);
      return { ...opening, association: changed };
    });
  }
}
