/** How a cipher suite protects records, with all lengths in octets. */
export interface BulkCipher {
  /** The name that node:crypto knows it by. */
  readonly algorithm: BulkAlgorithm;
  readonly mode: BulkMode;
  readonly keyLength: number;
  /** What the key block gives of the nonce: the salt of GCM and CCM, all of the IV of ChaCha20-Poly1305 (RFC 7905 2). */
  readonly fixedIvLength: number;
  /** What each record carries of the nonce, or the IV of CBC. */
  readonly explicitNonceLength: number;
  /** The authentication tag of AEAD; 0 for CBC. */
  readonly tagLength: number;
  /** The HMAC of CBC, undefined for AEAD. */
  readonly mac: MacAlgorithm | undefined;
  /** Its key and its result are of one length; 0 for AEAD. */
  readonly macLength: number;
}

export type BulkMode = 'gcm' | 'ccm' | 'chacha20-poly1305' | 'cbc';

export type BulkAlgorithm =
  'aes-128-gcm' | 'aes-256-gcm' | 'aes-128-ccm' | 'aes-256-ccm' | 'chacha20-poly1305' | 'aes-128-cbc' | 'aes-256-cbc';

export type MacAlgorithm = 'sha1' | 'sha256' | 'sha384';

/** Every way to protect records that the suites use, by a name of ours. */
export const BULK_CIPHERS = {
  aes128Gcm: counterMode('aes-128-gcm', 'gcm', 16, 16),
  aes256Gcm: counterMode('aes-256-gcm', 'gcm', 32, 16),
  aes128Ccm: counterMode('aes-128-ccm', 'ccm', 16, 16),
  aes256Ccm: counterMode('aes-256-ccm', 'ccm', 32, 16),
  aes128Ccm8: counterMode('aes-128-ccm', 'ccm', 16, 8),
  aes256Ccm8: counterMode('aes-256-ccm', 'ccm', 32, 8),
  chacha20Poly1305: {
    algorithm: 'chacha20-poly1305',
    mode: 'chacha20-poly1305',
    keyLength: 32,
    fixedIvLength: 12,
    explicitNonceLength: 0,
    tagLength: 16,
    mac: undefined,
    macLength: 0,
  },
  aes128CbcSha: blockMode('aes-128-cbc', 16, 'sha1', 20),
  aes256CbcSha: blockMode('aes-256-cbc', 32, 'sha1', 20),
  aes128CbcSha256: blockMode('aes-128-cbc', 16, 'sha256', 32),
  aes256CbcSha384: blockMode('aes-256-cbc', 32, 'sha384', 48),
} as const satisfies Record<string, BulkCipher>;

/** GCM (RFC 5288) and CCM (RFC 6655): 4 octets of salt, 8 octets of nonce with each record. */
function counterMode(algorithm: BulkAlgorithm, mode: BulkMode, keyLength: number, tagLength: number): BulkCipher {
  return {
    algorithm,
    mode,
    keyLength,
    fixedIvLength: 4,
    explicitNonceLength: 8,
    tagLength,
    mac: undefined,
    macLength: 0,
  };
}

/** CBC with HMAC (RFC 5246 6.2.3.2): the IV stands in each record, and none comes from the key block. */
function blockMode(algorithm: BulkAlgorithm, keyLength: number, mac: MacAlgorithm, macLength: number): BulkCipher {
  return { algorithm, mode: 'cbc', keyLength, fixedIvLength: 0, explicitNonceLength: 16, tagLength: 0, mac, macLength };
}
