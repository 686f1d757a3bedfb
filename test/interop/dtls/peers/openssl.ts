import { existsSync } from 'node:fs';

import { freePort } from '../../../../scenarios/support/free-port.ts';
import { PeerProcess } from '../support/child.ts';
import type {
  ClientOptions,
  DtlsPeer,
  PeerClient,
  PeerServer,
  ServerOptions,
  SessionOptions,
} from '../support/peer.ts';
import { applicationLines, ProcessClient } from '../support/process-client.ts';
import { suiteOf, SUITES } from '../support/suites.ts';

const GROUPS: Readonly<Record<string, string>> = { x25519: 'X25519', secp256r1: 'P-256', secp384r1: 'P-384' };

/** `openssl s_client` and `openssl s_server`. */
export const openssl: DtlsPeer = {
  name: 'OpenSSL',

  lacks(suite) {
    const { keyExchange, openssl: name } = suiteOf(suite);
    return keyExchange === 'ecdhe-psk' && !name.endsWith('CHACHA20-POLY1305')
      ? 'OpenSSL has no ECDHE_PSK suite with GCM or CCM'
      : undefined;
  },

  async startServer(options: ServerOptions): Promise<PeerServer> {
    const port = await freePort();
    const child = new PeerProcess('openssl', [
      ...['s_server', '-accept', `127.0.0.1:${port}`],
      ...sessionArguments(options),
      ...(options.certificate === undefined ? ['-nocert'] : []),
      ...(options.psk === undefined ? [] : ['-psk_identity', options.psk.identity]),
      ...(options.pskHint === undefined ? [] : ['-psk_hint', options.pskHint]),
      ...(options.requireClientCertificate === true ? ['-Verify', '3', '-verify_return_error'] : []),
      ...(options.named === undefined
        ? []
        : [
            ...['-servername', options.named.serverName],
            ...['-cert2', options.named.certificate, '-key2', options.named.privateKey],
          ]),
    ]);
    await child.until('ACCEPT', (output) => (output.includes('ACCEPT') ? true : undefined));
    // s_server shows what comes and sends what it is given: the echo is ours.
    let echoed = 0;
    child.stdout.on('data', () => {
      const lines = applicationLines(child.output);
      for (const line of lines.slice(echoed)) child.write(`${line}\n`);
      echoed = lines.length;
    });
    return {
      port,
      async facts(session = 0) {
        const said = await child.until(`session ${session}`, (output) => {
          const text = output.split('-----BEGIN SSL SESSION PARAMETERS-----')[session + 1];
          return text !== undefined && /^Secure Renegotiation/m.test(text) ? text : undefined;
        });
        // The subject of the client's certificate stands before the parameters, of which each session has one.
        const before = child.output.split('-----BEGIN SSL SESSION PARAMETERS-----')[session] ?? '';
        return {
          suite: suiteNamed(/^CIPHER is (\S+)/m.exec(said)?.[1]),
          resumed: said.includes('Reused session-id'),
          peerName: commonName(/^subject=(.*)$/m.exec(said)?.[1]),
          serverName: /Hostname in TLS extension: "([^"]*)"/.exec(before)?.[1],
        };
      },
      async ended(session = 0) {
        // DONE is a close_notify; ERROR whatever else.
        const word = await child.until(
          `end of session ${session}`,
          (output) => output.match(/^(DONE|ERROR)$/gm)?.[session],
        );
        return word === 'DONE';
      },
      stop: () => child.kill(),
      get output() {
        return child.output;
      },
    };
  },

  async connect(options: ClientOptions): Promise<PeerClient> {
    const { sessionFile } = options;
    const child = new PeerProcess('openssl', [
      ...['s_client', '-connect', `127.0.0.1:${options.port}`],
      ...sessionArguments(options),
      ...(options.authorities === undefined ? [] : ['-verify_return_error']),
      ...(options.psk === undefined ? [] : ['-psk_identity', options.psk.identity]),
      ...(options.serverName === undefined ? ['-noservername'] : ['-servername', options.serverName]),
      ...(sessionFile === undefined ? [] : [existsSync(sessionFile) ? '-sess_in' : '-sess_out', sessionFile]),
    ]);
    try {
      const said = await child.until('session', (output) => /[^]*Extended master secret: \w+\n/.exec(output)?.[0]);
      const facts = {
        suite: suiteNamed(/Cipher is (\S+)/.exec(said)?.[1]),
        resumed: /^Reused, /m.test(said),
        extendedMasterSecret: said.includes('Extended master secret: yes'),
        peerName: commonName(/^subject=(.*)$/m.exec(said)?.[1]),
      };
      return new ProcessClient(child, facts, { endedWell: (output) => /^DONE$/m.test(output) });
    } catch (error) {
      await child.kill();
      throw error;
    }
  },
};

function sessionArguments(options: SessionOptions): string[] {
  const { suite, psk, certificate, authorities, mtu, group, tickets } = options;
  return [
    ...['-dtls1_2', '-cipher', suiteOf(suite).openssl],
    ...(psk === undefined ? [] : ['-psk', psk.key.toString('hex')]),
    ...(certificate === undefined
      ? []
      : ['-cert', certificate.certificate, '-cert_chain', certificate.certificate, '-key', certificate.privateKey]),
    ...(authorities === undefined ? [] : ['-CAfile', authorities]),
    ...(mtu === undefined ? [] : ['-mtu', String(mtu)]),
    ...(group === undefined ? [] : ['-groups', GROUPS[group] ?? group]),
    ...(tickets === false ? ['-no_ticket'] : []),
  ];
}

function suiteNamed(name: string | undefined): string | undefined {
  return SUITES.find((suite) => suite.openssl === name)?.iana;
}

function commonName(subject: string | undefined): string | undefined {
  return /CN ?= ?([^,/]+)/.exec(subject ?? '')?.[1]?.trim();
}
