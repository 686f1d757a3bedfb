import type { UserSecuritySetting } from '../../kmc/index.ts';
import type { PushLayerMessage } from '../layer/index.ts';
import type { SecurityAssociationId } from '../layer/security-association-id.ts';
import { NafAssociations, type NotOpened, type Opened } from './naf-associations.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';

/** What a gateway judges a subscriber by (TS 29.109 Annex A). */
export type KeptSetting = Pick<UserSecuritySetting, 'gsid' | 'flags' | 'uids'>;

/** A NAF SA in the gateway, which also knows whose it is. */
export interface GatewayAssociation extends NafSecurityAssociation {
  /** The identity that the push went to, as the initiator named it. */
  readonly subscriber: string;
  /** Where the gateway was told. */
  readonly impi?: string;
  /** The identity that the push went to, where it was a public one: the key centre found the subscriber by it. */
  readonly publicIdentity?: string;
  /** What the key centre gave of the subscriber's settings for the GSIDs that it was asked for. */
  readonly securitySettings?: readonly KeptSetting[];
}

export type GatewayOpening = Opened<GatewayAssociation> | NotOpened;

/** The NAF SAs of a gateway, by P-TID. */
export class GatewayAssociations extends NafAssociations<GatewayAssociation> {
  /** The live NAF SA with that P-TID. */
  async find(ptid: string): Promise<GatewayAssociation | undefined> {
    return this.findByName(ptid);
  }

  async remove(ptid: string): Promise<void> {
    await this.removeByName(ptid);
  }

  /** Seals a message to the agent; undefined without a live NAF SA of that name. */
  async seal(ptid: string, text: Uint8Array): Promise<Buffer | undefined> {
    return this.sealByName(ptid, text);
  }

  /** Opens a message of an agent. */
  async open(message: PushLayerMessage): Promise<GatewayOpening> {
    if (message.association.direction !== 'uplink') return { ok: false, failure: 'other-association' };
    return this.openMessage(message);
  }

  protected override incomingId({ ptid }: GatewayAssociation): SecurityAssociationId {
    return { direction: 'uplink', ptid };
  }

  protected override outgoingId({ rand, nafId }: GatewayAssociation): SecurityAssociationId {
    return { direction: 'downlink', rand, naf: nafId.fqdn };
  }
}
