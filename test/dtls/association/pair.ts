import { expect } from 'chai';

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

import type { Association } from '../../../dtls/association/association.ts';
import type { AssociationHost } from '../../../dtls/association/association-host.ts';
import { ClientAssociation } from '../../../dtls/association/client-association.ts';
import { createDtlsCounters } from '../../../dtls/association/counters.ts';
import { type AssociationLimits, DEFAULT_ASSOCIATION_LIMITS } from '../../../dtls/association/limits.ts';
import { ServerAssociation } from '../../../dtls/association/server-association.ts';
import type { ClientSettings, Credentials, ServerSettings } from '../../../dtls/association/settings.ts';
import { readClientHelloView } from '../../../dtls/handshake/client-hello-view.ts';
import { writeHelloVerifyRequest } from '../../../dtls/handshake/hello-verify-request.ts';
import { MemoryBudget } from '../../../dtls/handshake/memory-budget.ts';
import { readRecord, RecordView } from '../../../dtls/record/record-header.ts';
import { CIPHER_SUITES, cipherSuiteByName } from '../../../dtls/suites/cipher-suite.ts';
import { schemesOfKey, SIGNATURE_SCHEMES } from '../../../dtls/suites/signature-schemes.ts';
import { seededRandom } from '../../support/memory-network.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';
import { ECDSA_CERTIFICATE, RSA_CERTIFICATE } from './certificates.ts';

export const IDENTITY = '3GPP-bootstrapping;btid@example.com';
/** The suite of pairs that ask for no other. */
export const PSK_SUITE = 'TLS_PSK_WITH_AES_128_GCM_SHA256';

export const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const COOKIE = Buffer.from('0123456789abcdef');
/** 2026-01-01. */
const EPOCH_START = 1_767_225_600_000;

export const CLIENT = { name: 'client' };
export const SERVER = { name: 'server' };

export interface PairOptions {
  readonly seed?: number;
  readonly suite?: string;
  readonly server?: Partial<ServerSettings>;
  readonly client?: Partial<ClientSettings>;
  readonly limits?: Partial<AssociationLimits>;
  readonly cookies?: boolean;
  /** What becomes of a datagram: the delays of the copies that arrive. */
  readonly fate?: (datagram: Buffer, toServer: boolean, random: () => number) => readonly number[];
}

/** What happened to one side. */
export interface Side {
  readonly established: Association[];
  readonly closed: [Association, string][];
  readonly messages: string[];
  readonly moved: unknown[];
  readonly counters: ReturnType<typeof createDtlsCounters>;
  readonly keyLog: string[];
}

/** A client and a server without sockets, under virtual time, with a network as a seed has it. */
export class Pair {
  readonly scheduler = new VirtualScheduler();
  readonly random: () => number;
  readonly client = side();
  readonly server = side();
  readonly clientAssociation: ClientAssociation;
  /** All that the server made, the newest last. */
  readonly serverAssociations: ServerAssociation[] = [];
  readonly budget = new MemoryBudget(1_000_000);
  readonly serverSettings: ServerSettings;
  readonly clientSettings: ClientSettings;
  readonly serverHost: AssociationHost;
  readonly clientHost: AssociationHost;
  /** Where the server sees the client. */
  clientAddress: unknown = CLIENT;
  /** Datagrams as they were sent. */
  readonly sent: { readonly toServer: boolean; readonly datagram: Buffer; readonly to: unknown }[] = [];
  readonly #fate: PairOptions['fate'];
  readonly #cookies: boolean;

  constructor(options: PairOptions = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.#fate = options.fate;
    this.#cookies = options.cookies ?? true;
    const suites =
      options.suite === undefined ? CIPHER_SUITES.filter(({ legacy }) => !legacy) : [suiteOf(options.suite)];
    const common = {
      cipherSuites: suites,
      groups: [29, 23, 24],
      signatureSchemes: SIGNATURE_SCHEMES.map(({ code }) => code),
      limits: { ...DEFAULT_ASSOCIATION_LIMITS, ...options.limits },
      halfOpenMemory: this.budget,
      requireExtendedMasterSecret: false,
      connectionId: false,
      returnRoutability: false,
    };
    this.serverSettings = {
      ...common,
      psk: { lookUp: ({ identity }) => (identity === IDENTITY ? { key: KEY } : undefined) },
      credentials: () => [ECDSA_CREDENTIALS, RSA_CREDENTIALS],
      clientCertificates: 'none',
      verifyClient: () => undefined,
      ...options.server,
    };
    this.clientSettings = {
      ...common,
      psk: () => ({ identity: Buffer.from(IDENTITY), key: KEY }),
      verifyServer: () => undefined,
      sessionTickets: false,
      ...options.client,
    };
    this.serverHost = this.#host(this.server, false);
    this.clientHost = this.#host(this.client, true);
    const cid = this.clientSettings.connectionId ? Buffer.from('cccc') : Buffer.alloc(0);
    this.clientAssociation = new ClientAssociation(this.clientHost, this.clientSettings, SERVER, cid);
  }

  /** Starts the client and lets time pass. */
  run(milliseconds = 60_000): this {
    this.clientAssociation.start();
    this.scheduler.advance(milliseconds);
    return this;
  }

  /** The newest association of the server. */
  get serverAssociation(): ServerAssociation {
    const last = this.serverAssociations.at(-1);
    if (last === undefined) throw new Error('the server has no association');
    return last;
  }

  /** Gives a datagram to the server's shell, which keeps nothing before a cookie came back. */
  toServer(datagram: Buffer, from: unknown = this.clientAddress): void {
    const known = this.serverAssociations.filter(({ state }) => state !== 'closed');
    const view = new RecordView();
    const isHello = readRecord(datagram, 0, 0, view) && view.type === 22 && view.epoch === 0;
    const hello = isHello ? readClientHelloView(datagram.subarray(view.fragmentStart, view.end)) : undefined;
    if (hello !== undefined && !known.some((association) => association.matchesClientHello(hello.random))) {
      if (this.#cookies && !hello.cookie.equals(COOKIE)) {
        const answer = writeHelloVerifyRequest(COOKIE, hello.messageSequence, view.sequence);
        this.#carry(answer, false, from);
        return;
      }
      const cid = this.serverSettings.connectionId ? Buffer.from('ssssssss') : Buffer.alloc(0);
      const association = new ServerAssociation(this.serverHost, this.serverSettings, from, cid);
      this.serverAssociations.push(association);
      association.receive(datagram, from);
      return;
    }
    for (const association of known.reverse()) if (association.receive(datagram, from)) return;
  }

  #host(events: Side, isClient: boolean): AssociationHost {
    const timers = new Map<Association, { cancel(): void }>();
    const bytes = seededRandom(this.random() * 2 ** 31);
    return {
      now: () => this.scheduler.now(),
      wallClock: () => EPOCH_START + this.scheduler.now(),
      random: (length) => Buffer.from(Array.from({ length }, () => Math.floor(bytes() * 256))),
      send: (association, datagram, to) => {
        this.#carry(datagram, isClient, to ?? association.peer);
      },
      setTimer: (association, at) => {
        timers.get(association)?.cancel();
        if (at === undefined) return;
        const timer = this.scheduler.schedule(Math.max(0, at - this.scheduler.now()), () => {
          association.onTimer();
        });
        timers.set(association, timer);
      },
      onEstablished: (association) => events.established.push(association),
      onMessage: (_association, data) => events.messages.push(data.toString()),
      onClosed: (association, reason) => events.closed.push([association, reason]),
      onPeerMoved: (_association, from) => events.moved.push(from),
      samePeer: (one, other) => one === other,
      keyLog: (line) => events.keyLog.push(line),
      counters: events.counters,
    };
  }

  #carry(datagram: Buffer, toServer: boolean, to: unknown): void {
    this.sent.push({ toServer, datagram, to });
    const from = this.clientAddress;
    for (const delay of this.#fate?.(datagram, toServer, this.random) ?? [1]) {
      this.scheduler.schedule(delay, () => {
        const copy = Buffer.from(datagram);
        if (toServer) this.toServer(copy, from);
        // What is sent to an address that the client has left is lost.
        else if (to === this.clientAddress) this.clientAssociation.receive(copy, SERVER);
      });
    }
  }
}

function side(): Side {
  return { established: [], closed: [], messages: [], moved: [], counters: createDtlsCounters(), keyLog: [] };
}

export function suiteOf(name: string) {
  const suite = cipherSuiteByName(name);
  if (suite === undefined) throw new Error(`no suite ${name}`);
  return suite;
}

/** Loss, doubling, reordering and delay, each with that share. */
export function lossy(loss: number, twice = 0.2, longestDelay = 300): NonNullable<PairOptions['fate']> {
  return (_datagram, _toServer, random) => {
    const fates: number[] = [];
    const copies = random() < twice ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) if (random() >= loss) fates.push(1 + Math.floor(random() * longestDelay));
    return fates;
  };
}

function credentialsOf({ certificate, privateKey }: { certificate: string; privateKey: string }): Credentials {
  const key: KeyObject = createPrivateKey(privateKey);
  return {
    certificates: [new X509Certificate(certificate).raw],
    privateKey: key,
    schemes: schemesOfKey(key).map(({ code }) => code),
  };
}

export const ECDSA_CREDENTIALS = credentialsOf(ECDSA_CERTIFICATE);
export const RSA_CREDENTIALS = credentialsOf(RSA_CERTIFICATE);

/** A pair whose handshake is over, with an empty list of datagrams sent. */
export function established(options: ConstructorParameters<typeof Pair>[0] = { suite: PSK_SUITE }): Pair {
  const pair = new Pair(options).run(100);
  expect(pair.client.established).to.have.lengthOf(1);
  expect(pair.server.established).to.have.lengthOf(1);
  pair.sent.length = 0;
  return pair;
}

/** Sends a message to the server and one back. */
export function echo(pair: Pair, text = 'ping'): void {
  expect(pair.clientAssociation.send(Buffer.from(text))).to.be.true;
  pair.scheduler.advance(10);
  expect(pair.server.messages).to.include(text);
  expect(pair.serverAssociation.send(Buffer.from(text))).to.be.true;
  pair.scheduler.advance(10);
  expect(pair.client.messages).to.include(text);
}
