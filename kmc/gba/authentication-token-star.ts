import { createHash } from 'node:crypto';

import { KmcError } from '../errors.ts';

/**
 * AUTN* of a GBA_U run, 16 octets (TS 33.220 5.3.2): MAC* = MAC xor the first 8 octets of SHA-1(IK), so that only a card that
 * knows GBA_U takes it. The same again gives AUTN back.
 *
 * @throws KmcError OSGATE_KMC_INVALID_ARGUMENT unless both have 16 octets
 */
export function authenticationTokenStar(autn: Uint8Array, ik: Uint8Array): Buffer {
  if (autn.length !== 16 || ik.length !== 16) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', 'AUTN and IK have 16 octets each');
  }
  const star = Buffer.from(autn);
  const mask = createHash('sha1').update(ik).digest();
  for (let index = 0; index < MAC_OCTETS; index++) {
    star[MAC_OFFSET + index] = (star[MAC_OFFSET + index] ?? 0) ^ (mask[index] ?? 0);
  }
  return star;
}

const MAC_OFFSET = 8;
const MAC_OCTETS = 8;
