/** What a UICC answers to an AKA challenge (TS 31.102 7.1.2): the keys, or why there are none. */
export type UiccAnswer =
  | {
      readonly outcome: 'authenticated';
      /** 4 to 16 octets. */
      readonly res: Buffer;
      /** 16 octets. */
      readonly ck: Buffer;
      /** 16 octets. */
      readonly ik: Buffer;
    }
  | {
      readonly outcome: 'synchronisation-failure';
      /** 14 octets. */
      readonly auts: Buffer;
    }
  /** The challenge does not come from the home network: its MAC is wrong, or its AMF another one than the card takes. */
  | { readonly outcome: 'mac-failure'; readonly reason: string };

/**
 * What a Security Agent asks of its UICC.
 *
 * Rejects with OsgateError OSGATE_UICC when the card cannot be used. An SQN is remembered durably before the answer that it led to is given.
 */
export interface Uicc {
  authenticate(rand: Buffer, autn: Buffer): Promise<UiccAnswer>;
}
