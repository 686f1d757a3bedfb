import type { NafId } from '../gba/naf-id.ts';
import type { BootstrappingInfo } from '../key-centre.ts';
import type { Resynchronisation } from '../subscribers/subscriber-source.ts';

/** Where the NAF keys of a push are used: in the ME, or in the UICC as well (TS 33.223, U/M). */
export type GbaMode = 'GBA_ME' | 'GBA_U';

/** What a gateway (Push-NAF) asks for a push to a subscriber (TS 29.109 GPR, TS 29.309 push-info-retrieval). */
export interface PushInfoRequest {
  /** Private identity (IMPI), or public identity (SIP or tel URI) by `ueIdType`. */
  readonly ueId: string;
  readonly ueIdType: 'private' | 'public';
  /** App_Lbl: which application on the UICC, 0 to 16 octets; empty for the USIM. */
  readonly applicationLabel: Buffer;
  readonly nafId: NafId;
  /** P-TID: the name that the gateway gives to the NAF SA, 1 to 255 octets. */
  readonly ptid: string;
  readonly mode: GbaMode;
  /** When the gateway wants the key to end, in milliseconds since 1970-01-01T00:00:00Z; the key centre may grant less. */
  readonly requestedExpiresAt: number;
  /** GAA service identifiers whose user security settings the gateway wants. */
  readonly gsids: readonly number[];
  /** What an agent answered whose card refused the SQN of an earlier push. */
  readonly resynchronisation?: Resynchronisation;
}

/** What the key centre answers: keys and settings as for a bootstrapped agent, and the GPI. Secret: never log this object. */
export interface PushInfo extends BootstrappingInfo {
  /** To be handed on as it is. */
  readonly gpi: Buffer;
}

/** What a GPI is made from. Ks is secret. */
export interface GpiInput {
  readonly mode: GbaMode;
  /** 32 octets. */
  readonly ks: Buffer;
  /** 16 octets. */
  readonly rand: Buffer;
  /** AUTN, or AUTN* for GBA_U; 16 octets. */
  readonly autn: Buffer;
  readonly impi: string;
  readonly applicationLabel: Buffer;
  readonly nafId: NafId;
  readonly ptid: string;
  readonly expiresAt: number;
}

/** Writes GBA-Push-Info. A port, for the layout is not the key centre's affair. */
export interface GpiWriter {
  write(input: GpiInput): Buffer;
}
