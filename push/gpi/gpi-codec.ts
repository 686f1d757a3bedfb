import type { GbaMode, NafId } from '../../kmc/index.ts';

/** The part of a GPI that is read before any key exists. */
export interface GpiHeader {
  readonly mode: GbaMode;
  /** 16 octets. */
  readonly rand: Buffer;
  /** AUTN, or AUTN* of a GBA_U run; 16 octets. */
  readonly autn: Buffer;
  /** App_Lbl: the application identifier on the UICC, 0 to 16 octets; empty for the USIM. */
  readonly applicationLabel: Buffer;
  readonly nafId: NafId;
}

/** The part that only key centre and agent can read. */
export interface GpiBody {
  /** P-TID: the name of the NAF SA in the gateway. */
  readonly ptid: string;
  /** When the NAF key ends, in milliseconds since 1970-01-01T00:00:00Z; whole seconds. */
  readonly expiresAt: number;
}

export interface Gpi extends GpiHeader, GpiBody {}

/** What the keys that protect a GPI come from. The key is secret. */
export interface GpiProtection {
  /** {@link gpiProtectionKey}, 32 octets. */
  readonly key: Uint8Array;
}

/**
 * GBA-Push-Info as octets (TS 33.223).
 *
 * The layout of TS 33.223 is behind this port: another codec replaces ours, and nothing else changes. To a gateway a GPI is
 * opaque but for {@link GpiCodec.randOf}.
 */
export interface GpiCodec {
  /** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for what the layout cannot hold */
  encode(gpi: Gpi, protection: GpiProtection): Buffer;
  /** Undefined for what is no GPI. Nothing in the result is proven yet. */
  readHeader(octets: Uint8Array): GpiHeader | undefined;
  /** Undefined unless every octet is what the key centre wrote. */
  open(octets: Uint8Array, protection: GpiProtection): Gpi | undefined;
  /** RAND, which names the NAF SA in the agent (`RAND@naf`); undefined for what is no GPI. */
  randOf(octets: Uint8Array): Buffer | undefined;
}
