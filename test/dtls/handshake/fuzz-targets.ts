import { expect } from 'chai';

import {
  readCertificate,
  readCertificateRequest,
  readCertificateVerify,
  writeCertificate,
  writeCertificateRequest,
  writeCertificateVerify,
} from '../../../dtls/handshake/certificate-messages.ts';
import { readClientHelloView } from '../../../dtls/handshake/client-hello-view.ts';
import { readClientHello, writeClientHello } from '../../../dtls/handshake/client-hello.ts';
import { readHelloVerifyRequest } from '../../../dtls/handshake/hello-verify-request.ts';
import {
  readClientKeyExchange,
  readServerKeyExchange,
  writeClientKeyExchange,
  writeServerKeyExchange,
} from '../../../dtls/handshake/key-exchange-messages.ts';
import { readNewSessionTicket, writeNewSessionTicket } from '../../../dtls/handshake/new-session-ticket.ts';
import { readServerHello, writeServerHello } from '../../../dtls/handshake/server-hello.ts';
import { readRecord, RecordView } from '../../../dtls/record/record-header.ts';
import { decodeSession } from '../../../dtls/session/session.ts';
import type { KeyExchange } from '../../../dtls/suites/cipher-suite.ts';
import type { FuzzTarget } from '../../sip/fuzz/targets.ts';
import { ECDSA_CREDENTIALS, Pair, type PairOptions, SERVER } from '../association/pair.ts';

const KEY_EXCHANGES: readonly KeyExchange[] = ['psk', 'ecdhe-psk', 'ecdhe-ecdsa', 'ecdhe-rsa'];
const HEADER = 12;

/** Reads a body, writes it and reads it again. */
type RoundTrip = (body: Buffer) => void;

function stable<T extends object>(read: (body: Buffer) => T | undefined, write: (message: T) => Buffer): RoundTrip {
  return (body) => {
    const first = read(body);
    if (first !== undefined) expect(read(write(first).subarray(HEADER))).to.deep.equal(first);
  };
}

/** By the type of the message. Extensions that nobody knows, and their order, are not kept: those are left out. */
const ROUND_TRIPS: Readonly<Record<number, readonly RoundTrip[]>> = {
  1: [
    (body) => {
      const hello = readClientHello(body);
      if (hello === undefined || !hello.nullCompression) return;
      const serverName = hello.extensions.serverName === '' ? undefined : hello.extensions.serverName;
      const written = { ...hello, extensions: { ...hello.extensions, serverName } };
      const again = readClientHello(writeClientHello(written, 0).subarray(HEADER));
      expect(withoutTypes(again)).to.deep.equal(withoutTypes({ ...hello, version: 0xfefd }));
    },
    (body) => void readClientHelloView(body),
  ],
  2: [
    (body) => {
      const hello = readServerHello(body);
      if (hello === undefined) return;
      expect(readServerHello(writeServerHello(hello, 0).subarray(HEADER))?.random).to.deep.equal(hello.random);
    },
  ],
  3: [(body) => void readHelloVerifyRequest(body), (body) => void decodeSession(body)],
  4: [stable(readNewSessionTicket, (message) => writeNewSessionTicket(message, 0))],
  11: [
    stable(
      (body) => readCertificate(body, 10),
      (message) => writeCertificate(message, 0),
    ),
  ],
  12: KEY_EXCHANGES.map((exchange) =>
    stable(
      (body) => readServerKeyExchange(body, exchange),
      ({ hint, parameters, signed }) =>
        writeServerKeyExchange(hint, parameters.length === 0 ? undefined : parameters, signed, 0),
    ),
  ),
  13: [stable(readCertificateRequest, (message) => writeCertificateRequest(message, 0))],
  15: [stable(readCertificateVerify, (message) => writeCertificateVerify(message, 0))],
  16: KEY_EXCHANGES.map((exchange) =>
    stable(
      (body) => readClientKeyExchange(body, exchange),
      (message) => writeClientKeyExchange(message, 0),
    ),
  ),
};

/** An empty name is as good as none; types of extensions and forms of points are not kept. */
function withoutTypes(hello: ReturnType<typeof readClientHello>): unknown {
  if (hello === undefined) return undefined;
  const { serverName = '' } = hello.extensions;
  const extensions = { ...hello.extensions, serverName, types: [], pointFormats: false, uncompressedPoints: true };
  return { ...hello, extensions };
}

function octetsOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** What a side was sent in a handshake, all in one datagram. */
function conversation(options: PairOptions, toServer: boolean): string {
  const pair = new Pair({ ...options, cookies: false }).run(1000);
  expect(pair.client.established).to.have.lengthOf(1);
  return pair.sent
    .filter((datagram) => datagram.toServer === toServer)
    .map(({ datagram }) => datagram.toString('latin1'))
    .join('');
}

const PSK: PairOptions = { suite: 'TLS_PSK_WITH_AES_128_GCM_SHA256', server: { connectionId: true } };
const OTHERS: readonly PairOptions[] = [
  { suite: 'TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256', limits: { mtu: 200 } },
  {
    suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    server: { clientCertificates: 'require' },
    client: { credentials: ECDSA_CREDENTIALS, connectionId: true, serverName: 'a.example', sessionTickets: true },
    limits: { mtu: 300 },
  },
  { suite: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', client: { recordSizeLimit: 512 } },
];
const ALL = [PSK, ...OTHERS];

/** The messages, without headers of records, that came in one piece. */
function messages(text: string): string[] {
  const datagram = octetsOf(text);
  const view = new RecordView();
  const found: string[] = [];
  for (let offset = 0; readRecord(datagram, offset, 0, view); offset = view.end)
    if (view.type === 22 && view.epoch === 0) found.push(datagram.toString('latin1', view.fragmentStart, view.end));
  return found;
}

function readMessage(text: string): void {
  const octets = octetsOf(text);
  for (const read of ROUND_TRIPS[octets[0] ?? 0] ?? []) read(octets.subarray(HEADER));
}

/** Gives a datagram to a side in the middle of a handshake, and to one that is done. */
function readAsServer(text: string): void {
  const pair = new Pair({ ...PSK, cookies: false, fate: () => [] });
  pair.clientAssociation.start();
  const hello = pair.sent[0]?.datagram ?? Buffer.alloc(0);
  pair.toServer(hello);
  pair.serverAssociation.receive(octetsOf(text), pair.clientAddress);
  expectNothingHeld(pair);
}

function readAsClient(text: string): void {
  const pair = new Pair({ ...PSK, cookies: false, fate: () => [] });
  pair.clientAssociation.start();
  pair.clientAssociation.receive(octetsOf(text), SERVER);
  expectNothingHeld(pair);
}

/** However it went, ending gives all memory back. */
function expectNothingHeld(pair: Pair): void {
  pair.clientAssociation.close();
  for (const association of pair.serverAssociations) association.close();
  expect(pair.budget.used).to.equal(0);
}

/** Handshake messages, and whole flights given to a server and to a client. Octets are Latin-1 characters. */
export const DTLS_HANDSHAKE_FUZZ_TARGETS: readonly FuzzTarget[] = [
  target(
    'dtls-handshake',
    ALL.flatMap((options) => [true, false].flatMap((side) => messages(conversation(options, side)))),
    readMessage,
  ),
  target(
    'dtls-handshake-server',
    ALL.map((options) => conversation(options, true)),
    readAsServer,
  ),
  target(
    'dtls-handshake-client',
    ALL.map((options) => conversation(options, false)),
    readAsClient,
  ),
];

function target(name: string, corpus: readonly string[], read: (text: string) => void): FuzzTarget {
  return { name, corpus, read, check: read };
}
