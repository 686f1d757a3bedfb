import type { Row } from './case.ts';
import type { KeyKind } from './credentials.ts';
import type { DtlsPeer } from './peer.ts';
import type { RelayRules } from './relay-rules.ts';
import type { Direction, SessionPlan } from './session.ts';
import { SUITES, suiteOf } from './suites.ts';

const ECDSA = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
const RSA = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
const PSK = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const ECDHE_PSK = 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256';

const NO_RETRANSMISSION =
  'node-dtls-client sends no flight again, and waits for ever once a flight of the server has come twice';

/** Lines of a length that needs no fragments but shows whether large records pass. */
const LARGE_LINES = [`line ${'a'.repeat(900)}`, `line ${'b'.repeat(1100)}`];

/** Every suite that osgate speaks, with every peer that has it. */
export const SUITE_ROWS: readonly Row[] = SUITES.map(({ iana }) => ({
  title: iana,
  plan: (peer, direction) => planFor(peer, direction, { suite: iana }),
}));

/** What a session can have beyond a suite. */
export const FEATURE_ROWS: readonly Row[] = [
  certificates('certificate with ECDSA P-384', 'ecdsa-p384'),
  certificates('certificate with RSA 2048', 'rsa-2048'),
  certificates('certificate with Ed25519', 'ed25519', (peer, direction) => {
    if (peer.name === 'OpenSSL' && direction === 'from osgate') {
      return 'servers of OpenSSL 3.0 take Ed25519 keys for TLS 1.2 but not for DTLS 1.2; openssl s_client fails there as well';
    }
    if (peer.name === 'mbedTLS') return 'mbedTLS 2.28 has no Ed25519';
    return undefined;
  }),
  ...['x25519', 'secp256r1', 'secp384r1'].map((group): Row => ({
    title: `group ${group}`,
    // An ECDSA certificate would need its own curve among the groups.
    plan: (peer, direction) => planFor(peer, direction, { suite: RSA, group }),
  })),
  clientCertificates('client certificate with ECDSA P-256', 'ecdsa-p256'),
  clientCertificates('client certificate with RSA 2048', 'rsa-2048'),
  clientCertificates('client certificate with Ed25519', 'ed25519', (peer) => {
    if (peer.name === 'mbedTLS') return 'mbedTLS 2.28 has no Ed25519';
    return undefined;
  }),
  {
    title: 'certificate chosen by server_name',
    plan: (peer, direction) => {
      if (peer.name === 'Pion' && direction === 'to osgate') {
        return { cannot: 'clients of Pion 2.2 stop at the answer to server_name that RFC 6066 3 asks for' };
      }
      return planFor(peer, direction, { suite: ECDSA, asksForOtherName: true });
    },
  },
  {
    title: 'PSK with an identity hint',
    plan: (peer, direction) => planFor(peer, direction, { suite: pskSuiteOf(peer), pskHint: '3GPP-bootstrapping' }),
  },
  {
    title: 'without extended master secret',
    plan: (peer, direction) => {
      if (peer.name === 'OpenSSL')
        return { cannot: 'openssl s_client and s_server have no option to leave the extension out' };
      if (peer.name === 'node-dtls-client') return planFor(peer, direction, { suite: PSK });
      return planFor(peer, direction, { suite: pskSuiteOf(peer), extendedMasterSecret: false });
    },
  },
  {
    title: 'resumption by ticket',
    plan: (peer, direction) => {
      if (peer.name === 'Pion') return { cannot: 'Pion 2.2 has no tickets' };
      return resumption(peer, direction, true);
    },
  },
  { title: 'resumption by session id', plan: (peer, direction) => resumption(peer, direction, false) },
  {
    title: 'handshake in datagrams of 300 octets of both ends',
    plan: (peer, direction) => {
      if (peer.name === 'wolfSSL') return { cannot: "Debian's build of wolfSSL has no setting for the MTU" };
      return planFor(peer, direction, { suite: RSA, clientKey: 'rsa-2048', mtu: 300 });
    },
  },
  {
    title: 'handshake in datagrams of 256 octets of osgate alone',
    plan: (peer, direction) => planFor(peer, direction, { suite: RSA, mtu: 256, foreignMtu: false }),
  },
  {
    title: 'records of 1100 octets',
    plan: (peer, direction) => {
      if (peer.name === 'GnuTLS' && direction === 'from osgate') {
        return { cannot: 'gnutls-serv echoes no more than 512 octets of a record' };
      }
      return planFor(peer, direction, { suite: pskSuiteOf(peer), lines: LARGE_LINES });
    },
  },
];

/** What a bad network does; the seed says which datagrams it does it to. */
export const NETWORK_ROWS: readonly Row[] = [
  network('loss of 10 %', { seed: 10, loss: 0.1 }),
  network('loss of 20 %', { seed: 20, loss: 0.2 }),
  network('loss of 50 %', { seed: 55, loss: 0.5 }),
  network(
    'loss of 20 % with certificates of both ends',
    { seed: 21, loss: 0.2 },
    { suite: RSA, clientKey: 'rsa-2048' },
  ),
  network('every 5th datagram lost', { seed: 5, loseEvery: 5 }, { suite: ECDSA }),
  network(
    '20 % doubled, 20 % reordered, each up to 30 ms late',
    {
      seed: 7,
      duplicate: 0.2,
      reorder: 0.2,
      delayMilliseconds: 30,
    },
    { suite: ECDSA },
  ),
  network('20 % of what is protected with a bit turned round', { seed: 8, corrupt: 0.2 }),
  network('server_hello 1500 ms late', { seed: 1, late: { message: 'server_hello', milliseconds: 1500 } }),
  network('client_key_exchange 1500 ms late', {
    seed: 1,
    late: { message: 'client_key_exchange', milliseconds: 1500 },
  }),
];

/** A PSK suite that the peer has: AES-128-GCM if it can. */
export function pskSuiteOf(peer: DtlsPeer): string {
  return peer.lacks(PSK, 'client') === undefined ? PSK : ECDHE_PSK;
}

/** The plan, unless the peer lacks its suite, and with what the peer needs to be told. */
function planFor(peer: DtlsPeer, direction: Direction, plan: SessionPlan): SessionPlan | { readonly cannot: string } {
  const isClient = direction === 'to osgate';
  const cannot = peer.lacks(plan.suite, isClient ? 'client' : 'server');
  if (cannot !== undefined) return { cannot };
  const { keyExchange } = suiteOf(plan.suite);
  if (peer.name === 'GnuTLS' && isClient && keyExchange === 'ecdhe-psk') {
    return { cannot: 'gnutls-cli 3.7 crashes when it shows a session with ECDHE_PSK, with openssl s_server as well' };
  }
  // wolfSSL offers X25519 with ECDHE_PSK, and then cannot read it in the ServerKeyExchange.
  if (peer.name === 'wolfSSL' && isClient && keyExchange === 'ecdhe-psk') return { group: 'secp256r1', ...plan };
  return plan;
}

function certificates(
  title: string,
  serverKey: KeyKind,
  cannot?: (peer: DtlsPeer, direction: Direction) => string | undefined,
): Row {
  return {
    title,
    plan: (peer, direction) => {
      const reason = cannot?.(peer, direction);
      const suite = serverKey === 'rsa-2048' ? RSA : ECDSA;
      return reason === undefined ? planFor(peer, direction, { suite, serverKey }) : { cannot: reason };
    },
  };
}

function clientCertificates(title: string, clientKey: KeyKind, cannot?: (peer: DtlsPeer) => string | undefined): Row {
  return {
    title,
    plan: (peer, direction) => {
      const reason = cannot?.(peer);
      return reason === undefined
        ? planFor(peer, direction, { suite: clientKey === 'rsa-2048' ? RSA : ECDSA, clientKey })
        : { cannot: reason };
    },
  };
}

function resumption(peer: DtlsPeer, direction: Direction, tickets: boolean): SessionPlan | { readonly cannot: string } {
  if (peer.name === 'node-dtls-client') return { cannot: 'node-dtls-client cannot resume' };
  return planFor(peer, direction, { suite: ECDSA, resumes: true, tickets });
}

function network(title: string, rules: RelayRules, plan: Partial<SessionPlan> = {}): Row {
  return {
    title: `${title} (seed ${rules.seed})`,
    plan: (peer, direction) => {
      if (peer.name === 'node-dtls-client') return { cannot: NO_RETRANSMISSION };
      if (peer.name === 'OpenSSL' && direction === 'to osgate' && rules.corrupt !== undefined) {
        return { cannot: 'openssl s_client does nothing more, not even send, once it has dropped a record' };
      }
      return planFor(peer, direction, {
        suite: pskSuiteOf(peer),
        // gnutls-cli looks at its own timer only when nothing comes for longer than that.
        timer: peer.name === 'GnuTLS' && direction === 'to osgate' ? 1000 : 200,
        network: rules,
        lines: ['line one', 'line two', 'line three'],
        timeout: 40_000,
        ...plan,
      });
    },
  };
}
