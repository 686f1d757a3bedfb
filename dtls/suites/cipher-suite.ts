import { BULK_CIPHERS, type BulkCipher } from './bulk-cipher.ts';

export type KeyExchange = 'psk' | 'ecdhe-psk' | 'ecdhe-ecdsa' | 'ecdhe-rsa';

/** The hash of the PRF, of the transcript and of the extended master secret (RFC 5246 5, 7.4.9). */
export type PrfHash = 'sha256' | 'sha384';

export interface CipherSuite {
  /** As on the wire, 0 to 65535. */
  readonly code: number;
  /** In IANA's registry, without "TLS_" left off: `TLS_PSK_WITH_AES_128_GCM_SHA256`. */
  readonly name: string;
  readonly keyExchange: KeyExchange;
  readonly hash: PrfHash;
  readonly bulk: BulkCipher;
  /** Only for peers that are named; never among the defaults, and only with encrypt-then-MAC (RFC 7366). */
  readonly legacy: boolean;
}

/** Every cipher suite of this library, in the order in which a server prefers them. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  // RFC 5289, 7905, 7251: certificates, forward secret.
  suite(0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdhe-ecdsa', 'aes128Gcm'),
  suite(0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ecdhe-ecdsa', 'aes256Gcm', 'sha384'),
  suite(0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe-ecdsa', 'chacha20Poly1305'),
  suite(0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ecdhe-ecdsa', 'aes128Ccm'),
  suite(0xc0ad, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM', 'ecdhe-ecdsa', 'aes256Ccm'),
  suite(0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe-rsa', 'aes128Gcm'),
  suite(0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ecdhe-rsa', 'aes256Gcm', 'sha384'),
  suite(0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe-rsa', 'chacha20Poly1305'),
  // RFC 8442, 7905: pre-shared keys, forward secret.
  suite(0xd001, 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 'ecdhe-psk', 'aes128Gcm'),
  suite(0xd002, 'TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384', 'ecdhe-psk', 'aes256Gcm', 'sha384'),
  suite(0xccac, 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe-psk', 'chacha20Poly1305'),
  suite(0xd005, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256', 'ecdhe-psk', 'aes128Ccm'),
  // RFC 5487, 7905, 6655: pre-shared keys alone.
  suite(0x00a8, 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'psk', 'aes128Gcm'),
  suite(0x00a9, 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'psk', 'aes256Gcm', 'sha384'),
  suite(0xccab, 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256', 'psk', 'chacha20Poly1305'),
  suite(0xc0a4, 'TLS_PSK_WITH_AES_128_CCM', 'psk', 'aes128Ccm'),
  suite(0xc0a5, 'TLS_PSK_WITH_AES_256_CCM', 'psk', 'aes256Ccm'),
  // Tags of 8 octets, for constrained peers.
  suite(0xc0ae, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ecdhe-ecdsa', 'aes128Ccm8'),
  suite(0xc0af, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', 'ecdhe-ecdsa', 'aes256Ccm8'),
  suite(0xd003, 'TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256', 'ecdhe-psk', 'aes128Ccm8'),
  suite(0xc0a8, 'TLS_PSK_WITH_AES_128_CCM_8', 'psk', 'aes128Ccm8'),
  suite(0xc0a9, 'TLS_PSK_WITH_AES_256_CCM_8', 'psk', 'aes256Ccm8'),
  // CBC (RFC 4279, 5487, 5489, 8422, 5289), for named legacy peers.
  suite(0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ecdhe-ecdsa', 'aes128CbcSha'),
  suite(0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ecdhe-ecdsa', 'aes256CbcSha'),
  suite(0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ecdhe-ecdsa', 'aes128CbcSha256'),
  suite(0xc024, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ecdhe-ecdsa', 'aes256CbcSha384', 'sha384'),
  suite(0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ecdhe-rsa', 'aes128CbcSha'),
  suite(0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ecdhe-rsa', 'aes256CbcSha'),
  suite(0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ecdhe-rsa', 'aes128CbcSha256'),
  suite(0xc028, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'ecdhe-rsa', 'aes256CbcSha384', 'sha384'),
  suite(0xc035, 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA', 'ecdhe-psk', 'aes128CbcSha'),
  suite(0xc036, 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA', 'ecdhe-psk', 'aes256CbcSha'),
  suite(0xc037, 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256', 'ecdhe-psk', 'aes128CbcSha256'),
  suite(0xc038, 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384', 'ecdhe-psk', 'aes256CbcSha384', 'sha384'),
  suite(0x008c, 'TLS_PSK_WITH_AES_128_CBC_SHA', 'psk', 'aes128CbcSha'),
  suite(0x008d, 'TLS_PSK_WITH_AES_256_CBC_SHA', 'psk', 'aes256CbcSha'),
  suite(0x00ae, 'TLS_PSK_WITH_AES_128_CBC_SHA256', 'psk', 'aes128CbcSha256'),
  suite(0x00af, 'TLS_PSK_WITH_AES_256_CBC_SHA384', 'psk', 'aes256CbcSha384', 'sha384'),
];

/** What is offered and accepted unless somebody names suites: all AEAD suites with tags of 16 octets, in this order. */
export const DEFAULT_CIPHER_SUITES: readonly CipherSuite[] = CIPHER_SUITES.filter(
  ({ bulk, legacy }) => !legacy && bulk.tagLength === 16,
);

/** The suite with that code point, of those that this library has. */
export function cipherSuiteByCode(code: number): CipherSuite | undefined {
  return BY_CODE.get(code);
}

/** The suite with that name in IANA's registry, of those that this library has. */
export function cipherSuiteByName(name: string): CipherSuite | undefined {
  return BY_NAME.get(name);
}

function suite(
  code: number,
  name: string,
  keyExchange: KeyExchange,
  bulk: keyof typeof BULK_CIPHERS,
  hash: PrfHash = 'sha256',
): CipherSuite {
  const cipher = BULK_CIPHERS[bulk];
  return { code, name, keyExchange, hash, bulk: cipher, legacy: cipher.mode === 'cbc' };
}

const BY_CODE = new Map(CIPHER_SUITES.map((one) => [one.code, one]));
const BY_NAME = new Map(CIPHER_SUITES.map((one) => [one.name, one]));
