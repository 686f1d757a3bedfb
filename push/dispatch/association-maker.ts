import { randomBytes } from 'node:crypto';

import { LRUCache } from 'lru-cache';

import { KmcError, type KeyCentre, type NafId, type UserSecuritySetting } from '../../kmc/index.ts';
import type { GatewayAssociations, KeptSetting } from '../association/index.ts';
import { formatGpiEnvelope } from '../envelope/index.ts';
import type { GpiCodec } from '../gpi/index.ts';
import { recipientKey, type PackedResynchronisation, type Recipient } from '../message/index.ts';
import type { Clock } from './clock.ts';
import type { DispatchSettings } from './dispatch-settings.ts';

export interface AssociationMakerOptions {
  readonly keyCentre: Pick<KeyCentre, 'pushInfo'>;
  readonly associations: GatewayAssociations;
  /** Only RAND is read in a GPI. */
  readonly codec: Pick<GpiCodec, 'randOf'>;
  readonly nafId: NafId;
  /** The GBA service identifiers whose user security settings are kept with a NAF SA; none where absent. */
  readonly gsids?: readonly number[];
  readonly settings: DispatchSettings;
  readonly clock: Clock;
}

/** A NAF SA that the agent does not have yet, and what gives it to the agent. */
export interface NewAssociation {
  readonly ptid: string;
  readonly rand: Buffer;
  readonly envelope: Buffer;
}

export type AssociationFailure =
  /** The key centre says so (Diameter 5401, 5402): the agent is not contacted. */
  | { readonly final: true; readonly reason: 'subscriber-unknown' | 'push-not-authorised' }
  | { readonly final: false; readonly reason: 'key-centre-unavailable' | 'resynchronisation-failed' };

/** Makes NAF SAs by the key centre, and remembers which ones agents have confirmed. */
export class AssociationMaker {
  readonly #options: AssociationMakerOptions;
  /** Subscriber to the P-TID of the newest NAF SA that its agent has used. */
  readonly #confirmed = new LRUCache<string, { readonly ptid: string; readonly expiresAt: number }>({
    max: REMEMBERED_SUBSCRIBERS,
  });
  #sessionId = randomBytes(2).readUInt16BE();

  constructor(options: AssociationMakerOptions) {
    this.#options = options;
  }

  /** The P-TID of a NAF SA that the agent has, and that lives long enough. */
  confirmed(recipient: Recipient): string | undefined {
    const { clock, settings } = this.#options;
    const key = recipientKey(recipient);
    const association = this.#confirmed.get(key);
    if (association === undefined) return undefined;
    if (association.expiresAt - settings.minimumKeyRestMilliseconds > clock.now()) return association.ptid;
    this.#confirmed.delete(key);
    return undefined;
  }

  /** The agent has answered under that NAF SA. */
  confirm(recipient: Recipient, ptid: string, expiresAt: number): void {
    this.#confirmed.set(recipientKey(recipient), { ptid, expiresAt });
  }

  /** The agent did not answer: other keys for the next push. These stay until they end, for a receipt that is late. */
  doubt(recipient: Recipient, ptid: string): void {
    const key = recipientKey(recipient);
    if (this.#confirmed.get(key)?.ptid === ptid) this.#confirmed.delete(key);
  }

  /** The agent does not have it and never will. */
  async abandon(recipient: Recipient, ptid: string): Promise<void> {
    this.doubt(recipient, ptid);
    await this.#options.associations.remove(ptid);
  }

  /** Never rejects for what the key centre says. */
  async make(
    recipient: Recipient,
    applicationLabel: Buffer,
    resynchronisation?: PackedResynchronisation,
  ): Promise<NewAssociation | AssociationFailure> {
    const { keyCentre, associations, codec, nafId, gsids = [], settings, clock } = this.#options;
    // Unguessable, so that nobody can tell one agent from another by it (TS 33.223: P-TID).
    const ptid = randomBytes(PTID_OCTETS).toString('base64url');
    try {
      const info = await keyCentre.pushInfo({
        ueId: recipient.value,
        ueIdType: recipient.type === 'impi' ? 'private' : 'public',
        applicationLabel,
        nafId,
        ptid,
        mode: 'GBA_ME',
        requestedExpiresAt: clock.now() + settings.keyLifetimeSeconds * 1000,
        gsids,
        ...(resynchronisation === undefined ? {} : { resynchronisation }),
      });
      const rand = codec.randOf(info.gpi);
      if (rand === undefined) return { final: false, reason: 'key-centre-unavailable' };
      await associations.add({
        ptid,
        rand: Buffer.from(rand),
        nafId: { fqdn: nafId.fqdn, protocol: nafId.protocol.hex },
        mode: 'GBA_ME',
        nafKey: info.keys.meKeyMaterial,
        createdAt: info.createdAt,
        expiresAt: info.expiresAt,
        nextToSend: 1,
        highestReceived: 0,
        subscriber: recipient.value,
        ...(recipient.type === 'impi' ? {} : { publicIdentity: recipient.value }),
        ...(gsids.length === 0 ? {} : { securitySettings: info.securitySettings.map(kept) }),
        ...(info.impi === undefined ? {} : { impi: info.impi }),
      });
      this.#sessionId = (this.#sessionId + 1) & 0xffff;
      return { ptid, rand, envelope: formatGpiEnvelope({ sessionId: this.#sessionId, gpi: info.gpi }) };
    } catch (error) {
      return failureOf(error);
    }
  }
}

const PTID_OCTETS = 16;

/** Of whom more are pushed to, the one pushed to longest ago gets new keys the next time. */
const REMEMBERED_SUBSCRIBERS = 100_000;

function failureOf(error: unknown): AssociationFailure {
  const code = error instanceof KmcError ? error.code : undefined;
  switch (code) {
    case 'OSGATE_KMC_IDENTITY_UNKNOWN':
      return { final: true, reason: 'subscriber-unknown' };
    case 'OSGATE_KMC_NOT_AUTHORISED':
      return { final: true, reason: 'push-not-authorised' };
    case 'OSGATE_KMC_SYNCHRONISATION_FAILURE':
      return { final: false, reason: 'resynchronisation-failed' };
    default:
      // A full store of NAF SAs is no better than a key centre that does not answer.
      return { final: false, reason: 'key-centre-unavailable' };
  }
}

function kept({ gsid, flags, uids }: UserSecuritySetting): KeptSetting {
  return { gsid, flags, uids };
}
