import { deriveKs, deriveKsNaf } from '../../kmc/index.ts';
import { gpiProtectionKey, type GpiCodec, type GpiHeader } from '../gpi/index.ts';
import type { AgentAssociations } from './agent-associations.ts';
import type { NafSecurityAssociation } from './naf-security-association.ts';

/** What a UICC makes of a challenge (TS 31.102 7.1). */
export type PushUiccAnswer =
  | { readonly outcome: 'authenticated'; readonly ck: Buffer; readonly ik: Buffer }
  | { readonly outcome: 'synchronisation-failure'; readonly auts: Buffer }
  /** The challenge does not come from the home network. */
  | { readonly outcome: 'mac-failure' };

/** What a receiver of GPI asks of its UICC. */
export interface PushUicc {
  /** Whether there is an application of that label; the empty one is the USIM. */
  hasApplication(label: Buffer): boolean;
  /** Once only for each RAND and AUTN: the SQN is used up by it. */
  authenticate(rand: Buffer, autn: Buffer): Promise<PushUiccAnswer>;
}

export type GpiRefusal =
  | 'malformed'
  | 'no-application'
  /** Keys in the UICC are asked for, and this UICC is used without GBA_U. */
  | 'no-gba-u'
  /** There is a live NAF SA with that RAND: the GPI was here before. */
  | 'duplicate-rand'
  /** AUTN does not verify: it does not come from the home network. */
  | 'mac-failure'
  /** The tag does not fit: an octet was changed on the way. */
  | 'forged'
  | 'expired'
  /** The gateway is none that this agent takes pushes from. */
  | 'naf-not-accepted';

export type GpiOutcome =
  | { readonly outcome: 'accepted'; readonly association: NafSecurityAssociation }
  | { readonly outcome: 'refused'; readonly reason: GpiRefusal }
  /** The SQN was out of range: RAND and AUTS are for the gateway, which then makes another GPI (TS 33.102 6.3.3). */
  | { readonly outcome: 'synchronisation-failure'; readonly rand: Buffer; readonly auts: Buffer };

export interface GpiReceiverOptions {
  readonly codec: GpiCodec;
  readonly uicc: PushUicc;
  readonly associations: AgentAssociations;
  readonly impi: string;
  /** Whether pushes of a gateway are taken; the FQDN has the octets that the GPI has. */
  readonly acceptsNaf: (fqdn: string) => boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/**
 * Makes a NAF SA of a GPI, or says why not: the agent's part of TS 33.223, in the order of checks that leaves the card alone as
 * long as possible and acts on nothing before it is proven.
 */
export class GpiReceiver {
  readonly #options: GpiReceiverOptions;
  readonly #now: () => number;
  /** One after the other: a card does one thing at a time, and its SQN must not be raced for. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: GpiReceiverOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async receive(octets: Buffer): Promise<GpiOutcome> {
    const result = this.#last.then(() => this.#receive(octets));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #receive(octets: Buffer): Promise<GpiOutcome> {
    const { codec, uicc, associations } = this.#options;
    const header = codec.readHeader(octets);
    if (header === undefined) return refused('malformed');
    if (!uicc.hasApplication(header.applicationLabel)) return refused('no-application');
    if (header.mode !== 'GBA_ME') return refused('no-gba-u');
    if ((await associations.find(header.rand, header.nafId.fqdn)) !== undefined) return refused('duplicate-rand');
    const answer = await uicc.authenticate(header.rand, header.autn);
    if (answer.outcome === 'mac-failure') return refused('mac-failure');
    if (answer.outcome === 'synchronisation-failure') return { ...answer, rand: Buffer.from(header.rand) };
    return this.#establish(octets, header, deriveKs(answer.ck, answer.ik));
  }

  async #establish(octets: Buffer, header: GpiHeader, ks: Buffer): Promise<GpiOutcome> {
    const { codec, associations, impi, acceptsNaf } = this.#options;
    const run = { ks, rand: header.rand, impi, nafId: header.nafId };
    try {
      const gpi = codec.open(octets, { key: gpiProtectionKey(run) });
      if (gpi === undefined) return refused('forged');
      const now = this.#now();
      if (gpi.expiresAt <= now) return refused('expired');
      if (!acceptsNaf(gpi.nafId.fqdn)) return refused('naf-not-accepted');
      const association: NafSecurityAssociation = {
        ptid: gpi.ptid,
        // The octets of the message are not ours to keep.
        rand: Buffer.from(gpi.rand),
        nafId: { fqdn: gpi.nafId.fqdn, protocol: gpi.nafId.protocol.hex },
        mode: gpi.mode,
        nafKey: deriveKsNaf(run),
        createdAt: now,
        expiresAt: gpi.expiresAt,
        nextToSend: 1,
        highestReceived: 0,
      };
      return (await associations.add(association)) ? { outcome: 'accepted', association } : refused('duplicate-rand');
    } finally {
      // One NAF key is made of it, and no other may be (TS 33.223 3.1: disposable Ks).
      ks.fill(0);
    }
  }
}

function refused(reason: GpiRefusal): GpiOutcome {
  return { outcome: 'refused', reason };
}
