/**
 * True when the separation bit (AMF bit 0, the most significant; TS 33.102 Annex H) is set.
 *
 * Such a vector is for EPS and 5GS only: CK and IK may not leave the home environment, as they do in GBA.
 */
export function hasSeparationBit(amf: Uint8Array): boolean {
  return ((amf[0] ?? 0) & 0x80) !== 0;
}
