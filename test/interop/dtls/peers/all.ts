import type { DtlsPeer } from '../support/peer.ts';
import { buildPeer, MBEDTLS, PION, WOLFSSL } from '../support/build.ts';
import { suiteOf } from '../support/suites.ts';
import { gnutls } from './gnutls.ts';
import { nodeDtlsClient } from './node-dtls-client.ts';
import { openssl } from './openssl.ts';
import { ProgramPeer } from './program-peer.ts';

const PION_SUITES = [0xc02b, 0xc02c, 0xc0ac, 0xc0ae, 0xc02f, 0xc030, 0x00a8, 0xc0a4, 0xc0a8, 0xc0a9];

const WOLFSSL_SUITES = [0xc02b, 0xc02c, 0xcca9, 0xc0ac, 0xc0ae, 0xc02f, 0xc030, 0xcca8, 0xd001, 0xccac, 0xccab];

export const pion = new ProgramPeer(
  'Pion',
  () => buildPeer(PION),
  (suite) => (PION_SUITES.includes(suiteOf(suite).code) ? undefined : 'Pion 2.2 does not have this suite'),
  // Its Close() stops its own reading first, which may close the socket before the alert is written.
  { forgetsGoodbye: true },
);

export const mbedtls = new ProgramPeer(
  'mbedTLS',
  () => buildPeer(MBEDTLS),
  (suite) => {
    const { keyExchange, code } = suiteOf(suite);
    return keyExchange === 'ecdhe-psk' && code !== 0xccac
      ? 'mbedTLS 2.28 has no ECDHE_PSK suite with GCM or CCM'
      : undefined;
  },
);

export const wolfssl = new ProgramPeer(
  'wolfSSL',
  () => buildPeer(WOLFSSL),
  (suite) =>
    WOLFSSL_SUITES.includes(suiteOf(suite).code) ? undefined : "Debian's build of wolfSSL does not have this suite",
);

export const FOREIGN_PEERS: readonly DtlsPeer[] = [openssl, gnutls, mbedtls, wolfssl, pion, nodeDtlsClient];
