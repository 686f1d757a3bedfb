/** One cipher suite of the matrix, under the names that the peers have for it. */
export interface Suite {
  readonly iana: string;
  readonly code: number;
  readonly keyExchange: 'psk' | 'ecdhe-psk' | 'ecdhe-ecdsa' | 'ecdhe-rsa';
  readonly openssl: string;
  /** Key exchange, cipher and MAC of a GnuTLS priority string; undefined where GnuTLS has no such suite. */
  readonly gnutls: string | undefined;
  /** CBC: only for named legacy peers, never offered unless it is named. */
  readonly legacy?: true;
}

/** Every suite that osgate speaks. */
export const SUITES: readonly Suite[] = [
  ecdhe('ECDSA', 'AES_128_GCM_SHA256', 0xc02b, 'AES128-GCM-SHA256', '+AES-128-GCM:+AEAD'),
  ecdhe('ECDSA', 'AES_256_GCM_SHA384', 0xc02c, 'AES256-GCM-SHA384', '+AES-256-GCM:+AEAD'),
  ecdhe('ECDSA', 'CHACHA20_POLY1305_SHA256', 0xcca9, 'CHACHA20-POLY1305', '+CHACHA20-POLY1305:+AEAD'),
  ecdhe('ECDSA', 'AES_128_CCM', 0xc0ac, 'AES128-CCM', '+AES-128-CCM:+AEAD'),
  ecdhe('ECDSA', 'AES_128_CCM_8', 0xc0ae, 'AES128-CCM8', '+AES-128-CCM-8:+AEAD'),
  ecdhe('RSA', 'AES_128_GCM_SHA256', 0xc02f, 'AES128-GCM-SHA256', '+AES-128-GCM:+AEAD'),
  ecdhe('RSA', 'AES_256_GCM_SHA384', 0xc030, 'AES256-GCM-SHA384', '+AES-256-GCM:+AEAD'),
  ecdhe('RSA', 'CHACHA20_POLY1305_SHA256', 0xcca8, 'CHACHA20-POLY1305', '+CHACHA20-POLY1305:+AEAD'),
  psk('ECDHE_', 'AES_128_GCM_SHA256', 0xd001, 'AES128-GCM-SHA256', undefined),
  psk('ECDHE_', 'AES_256_GCM_SHA384', 0xd002, 'AES256-GCM-SHA384', undefined),
  psk('ECDHE_', 'CHACHA20_POLY1305_SHA256', 0xccac, 'CHACHA20-POLY1305', '+CHACHA20-POLY1305:+AEAD'),
  psk('ECDHE_', 'AES_128_CCM_8_SHA256', 0xd003, 'AES128-CCM8', undefined),
  psk('ECDHE_', 'AES_128_CCM_SHA256', 0xd005, 'AES128-CCM', undefined),
  psk('', 'AES_128_GCM_SHA256', 0x00a8, 'AES128-GCM-SHA256', '+AES-128-GCM:+AEAD'),
  psk('', 'AES_256_GCM_SHA384', 0x00a9, 'AES256-GCM-SHA384', '+AES-256-GCM:+AEAD'),
  psk('', 'CHACHA20_POLY1305_SHA256', 0xccab, 'CHACHA20-POLY1305', '+CHACHA20-POLY1305:+AEAD'),
  psk('', 'AES_128_CCM', 0xc0a4, 'AES128-CCM', '+AES-128-CCM:+AEAD'),
  psk('', 'AES_256_CCM', 0xc0a5, 'AES256-CCM', '+AES-256-CCM:+AEAD'),
  psk('', 'AES_128_CCM_8', 0xc0a8, 'AES128-CCM8', '+AES-128-CCM-8:+AEAD'),
  psk('', 'AES_256_CCM_8', 0xc0a9, 'AES256-CCM8', '+AES-256-CCM-8:+AEAD'),
];

export function suiteOf(iana: string): Suite {
  const suite = SUITES.find((candidate) => candidate.iana === iana);
  if (suite === undefined) throw new Error(`no such suite: ${iana}`);
  return suite;
}

export function usesPsk(suite: Suite): boolean {
  return suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe-psk';
}

function ecdhe(key: 'ECDSA' | 'RSA', bulk: string, code: number, openssl: string, gnutls: string): Suite {
  return {
    iana: `TLS_ECDHE_${key}_WITH_${bulk}`,
    code,
    keyExchange: key === 'ECDSA' ? 'ecdhe-ecdsa' : 'ecdhe-rsa',
    openssl: `ECDHE-${key}-${openssl}`,
    gnutls: `+ECDHE-${key}:${gnutls}`,
  };
}

function psk(kind: '' | 'ECDHE_', bulk: string, code: number, openssl: string, gnutls: string | undefined): Suite {
  const dashed = kind.replace('_', '-');
  return {
    iana: `TLS_${kind}PSK_WITH_${bulk}`,
    code,
    keyExchange: kind === '' ? 'psk' : 'ecdhe-psk',
    openssl: `${dashed}PSK-${openssl}`,
    gnutls: gnutls === undefined ? undefined : `+${dashed}PSK:${gnutls}`,
  };
}
