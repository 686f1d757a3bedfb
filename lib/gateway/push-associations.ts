import { GatewayAssociations, type GatewayAssociation } from '../../push/association/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { PushAssociationSource } from '../identity/index.ts';
import { GatewayAssociationStore } from './push/association-store.ts';

/**
 * The NAF SAs of pushes for authenticators. Every worker reads the file that the first one writes; that one too, for its pushes
 * begin after its listeners, and what is in the file is what agents may have been told of.
 */
export class PushAssociationReader implements PushAssociationSource {
  readonly #store: GatewayAssociationStore;
  readonly #associations: GatewayAssociations;

  private constructor(store: GatewayAssociationStore) {
    this.#store = store;
    this.#associations = new GatewayAssociations({ store });
  }

  /**
   * Undefined for a gateway that does not push.
   *
   * @param secret what the NAF SAs are sealed under, 32 octets
   * @throws OsgateError OSGATE_STORE when the file cannot be used
   */
  static open({ push }: GatewayConfig, secret: Buffer): PushAssociationReader | undefined {
    if (push === undefined) return undefined;
    return new PushAssociationReader(new GatewayAssociationStore({ ...push.associations, secret, readOnly: true }));
  }

  async find(ptid: string): Promise<GatewayAssociation | undefined> {
    return this.#associations.find(ptid);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

/** The GBA service identifiers that authenticators with NAF SAs of pushes ask for, on whichever listener. */
export function pushGsids({ sec1 }: Pick<GatewayConfig, 'sec1'>): readonly number[] {
  const authenticators = [...sec1.sip, ...sec1.datagram].flatMap((listener) => [...listener.authenticators]);
  const gsids = authenticators.flatMap((authenticator) =>
    authenticator.type === 'push-psk' || authenticator.type === 'push-digest' ? authenticator.gsids : [],
  );
  return [...new Set(gsids)];
}
