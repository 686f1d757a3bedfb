import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../../../scenarios/support/free-port.ts';
import { PeerProcess } from '../support/child.ts';
import type {
  ClientOptions,
  DtlsPeer,
  PeerClient,
  PeerServer,
  ServerOptions,
  SessionFacts,
  SessionOptions,
} from '../support/peer.ts';
import { ProcessClient } from '../support/process-client.ts';
import { suiteOf } from '../support/suites.ts';

const GROUPS: Readonly<Record<string, string>> = {
  x25519: '+GROUP-X25519',
  secp256r1: '+GROUP-SECP256R1',
  secp384r1: '+GROUP-SECP384R1',
};

/** `gnutls-cli --udp` and `gnutls-serv --udp`. */
export const gnutls: DtlsPeer = {
  name: 'GnuTLS',

  lacks(suite) {
    return suiteOf(suite).gnutls === undefined ? 'GnuTLS has no ECDHE_PSK suite with GCM or CCM' : undefined;
  },

  async startServer(options: ServerOptions): Promise<PeerServer> {
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'osgate-gnutls-'));
    const passwords = join(folder, 'psk');
    if (options.psk !== undefined) {
      await writeFile(passwords, `${options.psk.identity}:${options.psk.key.toString('hex')}\n`, { mode: 0o600 });
    }
    const child = new PeerProcess('gnutls-serv', [
      ...['--udp', '--echo', '--port', String(port)],
      ...sessionArguments(options),
      ...(options.psk === undefined ? [] : ['--pskpasswd', passwords]),
      ...(options.pskHint === undefined ? [] : ['--pskhint', options.pskHint]),
      ...(options.requireClientCertificate === true
        ? ['--require-client-cert', '--verify-client-cert']
        : ['--disable-client-cert']),
      ...(options.named === undefined
        ? []
        : ['--x509certfile', options.named.certificate, '--x509keyfile', options.named.privateKey]),
      ...(options.tickets === false ? ['--noticket'] : []),
    ]);
    await child.until('listening server', (output) => (/IPv6 .*\.\.\.done/.test(output) ? true : undefined));
    return {
      port,
      // Its UDP server says nothing of sessions.
      facts: async () => ({}),
      ended: async () => undefined,
      async stop() {
        await child.kill();
        await rm(folder, { recursive: true, force: true });
      },
      get output() {
        return child.output;
      },
    };
  },

  async connect(options: ClientOptions): Promise<PeerClient> {
    const { sessionFile } = options;
    // gnutls-cli cannot keep a session: it resumes one that it has just had itself.
    const resumes = sessionFile !== undefined && existsSync(sessionFile);
    if (sessionFile !== undefined) writeFileSync(sessionFile, '');
    const child = new PeerProcess('gnutls-cli', [
      ...['--udp', '--port', String(options.port), '127.0.0.1'],
      ...sessionArguments(options),
      ...(options.psk === undefined
        ? []
        : ['--pskusername', options.psk.identity, '--pskkey', options.psk.key.toString('hex')]),
      // The name is checked against the certificate as well; without one nothing can be checked but the chain.
      ...(options.serverName === undefined
        ? ['--disable-sni', '--no-ca-verification']
        : ['--sni-hostname', options.serverName, '--verify-hostname', options.serverName]),
      ...(resumes ? ['--resume'] : []),
    ]);
    try {
      const said = await child.until('session', (output) => {
        const sessions = output.split('Handshake was completed');
        return sessions.length > (resumes ? 2 : 1) ? sessions.at(-2) : undefined;
      });
      const all = await child.until('resumption', (output) => {
        if (!resumes) return output;
        return output.includes('- Simple Client Mode:') ? output : undefined;
      });
      return new ProcessClient(child, {
        ...factsOf(said, options.suite),
        resumed: resumes ? /This is a resumed session/.test(all) : false,
      });
    } catch (error) {
      await child.kill();
      throw error;
    }
  },
};

/** GnuTLS is given one suite, so a session is one with that; the cipher is looked at all the same. */
function factsOf(said: string, suite: string): SessionFacts {
  const description = /Description: (.*)/.exec(said)?.[1] ?? '';
  const [, bulk = ''] = /^\+[^:]+:\+([^:]+)/.exec(suiteOf(suite).gnutls ?? '') ?? [];
  const fits = description.startsWith('(DTLS1.2') && description.includes(`(${bulk})`);
  return {
    suite: fits ? suite : undefined,
    extendedMasterSecret: /Options:.*extended master secret/.test(said),
    peerName: /subject `[^']*CN=([^,']+)/.exec(said)?.[1],
  };
}

function sessionArguments(options: SessionOptions): string[] {
  const { suite, certificate, authorities, mtu, extendedMasterSecret, group } = options;
  const priority = [
    'NONE:+VERS-DTLS1.2:+COMP-NULL:+CTYPE-X509:+SIGN-ALL',
    suiteOf(suite).gnutls ?? '',
    group === undefined ? '+GROUP-ALL' : (GROUPS[group] ?? group),
    ...(extendedMasterSecret === false ? ['%NO_SESSION_HASH'] : []),
  ].join(':');
  return [
    ...['--priority', priority],
    ...(certificate === undefined
      ? []
      : ['--x509certfile', certificate.certificate, '--x509keyfile', certificate.privateKey]),
    ...(authorities === undefined ? [] : ['--x509cafile', authorities]),
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
  ];
}
