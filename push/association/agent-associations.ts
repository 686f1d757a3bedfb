import type { PushLayerMessage, PushLayerOpening } from '../layer/index.ts';
import { formatSecurityAssociationId, type SecurityAssociationId } from '../layer/security-association-id.ts';
import { NafAssociations, type NotOpened } from './naf-associations.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';

export type AgentOpening = Extract<PushLayerOpening, { ok: true }> | NotOpened;

/** The NAF SAs of an agent, by `RAND@naf`: a RAND makes one NAF SA (TS 33.223). */
export class AgentAssociations extends NafAssociations<NafSecurityAssociation> {
  /** The live NAF SA with that RAND of that gateway. */
  async find(rand: Buffer, naf: string): Promise<NafSecurityAssociation | undefined> {
    return this.findByName(nameOf(rand, naf));
  }

  /** Opens a message of the gateway. */
  async open(message: PushLayerMessage): Promise<AgentOpening> {
    if (message.association.direction !== 'downlink') return { ok: false, failure: 'other-association' };
    const opening = await this.openMessage(message);
    if (!opening.ok) return opening;
    const { ok, text, sequenceNumber } = opening;
    return { ok, text, sequenceNumber };
  }

  /** Seals a message to the gateway; undefined without a live NAF SA of that name. */
  async seal(rand: Buffer, naf: string, text: Uint8Array): Promise<Buffer | undefined> {
    return this.sealByName(nameOf(rand, naf), text);
  }

  protected override incomingId({ rand, nafId }: NafSecurityAssociation): SecurityAssociationId {
    return { direction: 'downlink', rand, naf: nafId.fqdn };
  }

  protected override outgoingId({ ptid }: NafSecurityAssociation): SecurityAssociationId {
    return { direction: 'uplink', ptid };
  }
}

function nameOf(rand: Buffer, naf: string): string {
  return formatSecurityAssociationId({ direction: 'downlink', rand, naf });
}
