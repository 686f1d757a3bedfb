import type { BulkCipher } from '../suites/bulk-cipher.ts';

/** How often one key may be used (RFC 9147 4.5.3, RFC 8446 5.5). */
export interface UsageLimits {
  /** Records sealed with one key. */
  readonly sealed: number;
  /** Records that failed to open with one key, each of which may have been an attempt to forge. */
  readonly failed: number;
}

/**
 * The limits of a cipher. DTLS 1.2 itself sets none; these are those of DTLS 1.3, which has the same ciphers. For tags of 8 octets
 * it gives no number, only that they need more care, and they get the numbers of CCM. CBC gets those of GCM.
 */
export function usageLimitsOf({ mode }: BulkCipher): UsageLimits {
  return LIMITS[mode];
}

const LIMITS = {
  gcm: { sealed: Math.floor(2 ** 24.5), failed: 2 ** 36 },
  ccm: { sealed: 2 ** 23, failed: Math.floor(2 ** 23.5) },
  'chacha20-poly1305': { sealed: 2 ** 48, failed: 2 ** 36 },
  cbc: { sealed: Math.floor(2 ** 24.5), failed: 2 ** 36 },
} as const satisfies Record<BulkCipher['mode'], UsageLimits>;
