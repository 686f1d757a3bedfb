import { type X509Certificate } from 'node:crypto';

import { readPeerCertificate } from '../certificates/read-certificates.ts';
import { ALERT } from '../errors.ts';
import {
  type CertificateRequest,
  readCertificate,
  readCertificateRequest,
  writeCertificate,
  writeCertificateVerify,
} from '../handshake/certificate-messages.ts';
import { writeClientHello } from '../handshake/client-hello.ts';
import { type HelloExtensions, noExtensions } from '../handshake/extensions.ts';
import { copyOctets, Flight } from '../handshake/flight.ts';
import type { HandshakeMessage } from '../handshake/handshake-message.ts';
import { HANDSHAKE_TYPE } from '../handshake/handshake-type.ts';
import { readHelloVerifyRequest } from '../handshake/hello-verify-request.ts';
import {
  readServerKeyExchange,
  type ServerKeyExchange,
  writeClientKeyExchange,
} from '../handshake/key-exchange-messages.ts';
import { KeySchedule } from '../handshake/key-schedule.ts';
import { readNewSessionTicket } from '../handshake/new-session-ticket.ts';
import { readServerHello, type ServerHello } from '../handshake/server-hello.ts';
import { Transcript } from '../handshake/transcript.ts';
import { SESSION_ID_OCTETS, type Session } from '../session/session.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { groupByCode } from '../suites/key-exchange.ts';
import { ecdhePskPremasterSecret, pskPremasterSecret, RANDOM_OCTETS } from '../suites/secrets.ts';
import { sign, signatureSchemeByCode, verify } from '../suites/signature-schemes.ts';
import { type Association, NO_OCTETS } from './association.ts';
import {
  checkServerHello,
  clientExtensions,
  offeredSuites,
  resumableSession,
  suiteCodes,
} from './client-negotiation.ts';
import { Handshake, refuseAll } from './handshake.ts';
import { keyLogLine } from './key-log.ts';
import type { Negotiated } from './negotiated.ts';
import { fitsKeyExchange, maximumPlaintext } from './server-negotiation.ts';
import type { ClientPsk, ClientSettings } from './settings.ts';
import { isUsablePsk } from './usable-psk.ts';

/** HelloVerifyRequests that are answered: a server may have changed its secret in between, but not all the time. */
const MAXIMUM_HELLO_VERIFY_REQUESTS = 3;
/** How long a session is offered when its server does not say, in milliseconds (RFC 5246 F.1.4). */
const DEFAULT_SESSION_LIFETIME = 86_400_000;

const { helloVerifyRequest, serverHello, certificate, serverKeyExchange, certificateRequest } = HANDSHAKE_TYPE;
const { serverHelloDone, newSessionTicket, finished } = HANDSHAKE_TYPE;

/** The client's side of a handshake (RFC 5246 7.3, RFC 6347 4.2.4). */
export class ClientHandshake extends Handshake {
  readonly clientRandom: Buffer;
  readonly #settings: ClientSettings;
  readonly #suites: readonly CipherSuite[];
  readonly #session: Session | undefined;
  readonly #sessionId: Buffer;
  readonly #offered: HelloExtensions;
  #cookies = 0;
  #serverRandom = NO_OCTETS;
  #hello: ServerHello | undefined;
  #suite: CipherSuite | undefined;
  #peerCertificates: readonly Buffer[] | undefined;
  #peer: X509Certificate | undefined;
  #keyExchange: ServerKeyExchange | undefined;
  #request: CertificateRequest | undefined;
  #schedule: KeySchedule | undefined;
  #negotiated: Negotiated | undefined;
  #ticket: { readonly ticket: Buffer; readonly lifetime: number } | undefined;

  constructor(association: Association, settings: ClientSettings) {
    super(association, [helloVerifyRequest, serverHello]);
    const { host } = association;
    this.#settings = settings;
    this.#suites = offeredSuites(settings);
    this.clientRandom = host.random(RANDOM_OCTETS);
    this.#session = resumableSession(settings, this.#suites, host.wallClock());
    const hasTicket = (this.#session?.ticket?.length ?? 0) > 0;
    // An identifier beside a ticket is how the server says that it took the ticket (RFC 5077 3.4).
    this.#sessionId = hasTicket ? host.random(SESSION_ID_OCTETS) : (this.#session?.sessionId ?? NO_OCTETS);
    this.#offered = clientExtensions(settings, this.#suites, this.#session, association.localCid);
  }

  start(): void {
    if (this.#suites.length === 0) this.association.fail(ALERT.handshakeFailure);
    else this.#sendClientHello(NO_OCTETS);
  }

  protected override onRecord(): void {
    // A client counts from 0, whatever comes.
  }

  protected override onMessage(message: HandshakeMessage): void {
    switch (message.type) {
      case helloVerifyRequest:
        this.#onHelloVerifyRequest(message);
        return;
      case serverHello:
        this.#onServerHello(message);
        return;
      case certificate:
        this.#onCertificate(message);
        return;
      case serverKeyExchange:
        this.#onServerKeyExchange(message);
        return;
      case certificateRequest:
        this.#onCertificateRequest(message);
        return;
      case serverHelloDone:
        this.#onServerHelloDone(message);
        return;
      case newSessionTicket:
        this.#onNewSessionTicket(message);
        return;
      default:
        this.#onFinished(message);
    }
  }

  #sendClientHello(cookie: Buffer): void {
    const hello = writeClientHello(
      {
        version: 0,
        random: this.clientRandom,
        sessionId: this.#sessionId,
        cookie,
        cipherSuites: suiteCodes(this.#suites),
        nullCompression: true,
        extensions: this.#offered,
      },
      this.sendSequence++,
    );
    // The first ClientHello and the HelloVerifyRequest are no part of the transcript (RFC 6347 4.2.1).
    this.transcript = new Transcript();
    this.transcript.add(hello);
    this.send(new Flight().message(hello), true);
  }

  #onHelloVerifyRequest({ body }: HandshakeMessage): void {
    const cookie = readHelloVerifyRequest(body);
    if (cookie === undefined) this.association.fail(ALERT.decodeError);
    else if (++this.#cookies > MAXIMUM_HELLO_VERIFY_REQUESTS) this.association.fail(ALERT.unexpectedMessage);
    else this.#sendClientHello(copyOctets(cookie));
  }

  #onServerHello({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const hello = readServerHello(body);
    if (hello === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    const suite = this.#suites.find(({ code }) => code === hello.cipherSuite);
    const alert = checkServerHello(hello, suite, this.#offered, this.#settings);
    if (alert !== undefined || suite === undefined) {
      association.fail(alert ?? ALERT.illegalParameter);
      return;
    }
    this.transcript.add(octets);
    this.#hello = hello;
    this.#suite = suite;
    this.#serverRandom = copyOctets(hello.random);
    const { connectionId, maximumFragmentLength } = hello.extensions;
    if (connectionId === undefined) association.localCid = NO_OCTETS;
    else association.peerCid = copyOctets(connectionId);
    if (maximumFragmentLength !== undefined) this.maximumFragment = 256 << maximumFragmentLength;
    const session = this.#session;
    const resumes = session !== undefined && this.#sessionId.length > 0 && hello.sessionId.equals(this.#sessionId);
    if (resumes) this.#resumeSession(session, suite, hello);
    else {
      const usesPsk = suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe-psk';
      if (!usesPsk) this.expected = [certificate];
      else this.expected = suite.keyExchange === 'psk' ? [serverKeyExchange, serverHelloDone] : [serverKeyExchange];
    }
  }

  #resumeSession(session: Session, suite: CipherSuite, hello: ServerHello): void {
    const { association } = this;
    if (suite.code !== session.cipherSuite || hello.extensions.extendedMasterSecret !== session.extendedMasterSecret) {
      association.fail(ALERT.handshakeFailure);
      return;
    }
    const schedule = KeySchedule.fromMaster(suite, session.masterSecret, this.clientRandom, this.#serverRandom);
    const { peerCertificates } = session;
    const pskIdentity = session.pskIdentity?.toString('latin1');
    this.#install(schedule, { pskIdentity, peerCertificates, resumed: true });
    association.expiresAt = session.keyExpiresAt;
    this.expected = [hello.extensions.sessionTicket === undefined ? finished : newSessionTicket];
  }

  #onCertificate({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const certificates = readCertificate(body, association.settings.limits.maximumCertificates);
    const [own] = certificates ?? [];
    if (certificates === undefined || own === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    const copies = certificates.map((one) => copyOctets(one));
    this.#peer = readPeerCertificate(own);
    const alert =
      this.#peer === undefined
        ? ALERT.badCertificate
        : (this.#settings.verifyServer ?? refuseAll)(copies, this.#settings.serverName);
    if (alert !== undefined) {
      association.fail(alert);
      return;
    }
    this.#peerCertificates = copies;
    this.transcript.add(octets);
    this.expected = [serverKeyExchange];
  }

  #onServerKeyExchange({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const suite = this.#suite;
    const message = suite === undefined ? undefined : readServerKeyExchange(body, suite.keyExchange);
    if (suite === undefined || message === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    const alert = this.#checkServerKeyExchange(suite, message);
    if (alert !== undefined) {
      association.fail(alert);
      return;
    }
    this.#keyExchange = message;
    this.transcript.add(octets);
    this.expected = this.#peer === undefined ? [serverHelloDone] : [certificateRequest, serverHelloDone];
  }

  #checkServerKeyExchange(suite: CipherSuite, message: ServerKeyExchange): number | undefined {
    if (suite.keyExchange !== 'psk' && !this.#settings.groups.includes(message.group)) return ALERT.illegalParameter;
    const { signed } = message;
    if (signed === undefined) return undefined;
    const scheme = signatureSchemeByCode(signed.scheme);
    const isOffered = this.#settings.signatureSchemes.includes(signed.scheme);
    if (scheme === undefined || !isOffered || !fitsKeyExchange(scheme, suite)) return ALERT.illegalParameter;
    const data = Buffer.concat([this.clientRandom, this.#serverRandom, message.parameters]);
    const isRight = this.#peer !== undefined && verify(scheme, this.#peer.publicKey, data, signed.signature);
    return isRight ? undefined : ALERT.decryptError;
  }

  #onCertificateRequest({ body, octets }: HandshakeMessage): void {
    this.#request = readCertificateRequest(body);
    if (this.#request === undefined) {
      this.association.fail(ALERT.decodeError);
      return;
    }
    this.transcript.add(octets);
    this.expected = [serverHelloDone];
  }

  #onServerHelloDone({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const suite = this.#suite;
    if (suite === undefined || body.length > 0) {
      association.fail(ALERT.decodeError);
      return;
    }
    this.transcript.add(octets);
    const usesPsk = suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe-psk';
    if (!usesPsk) {
      this.#answer(suite, undefined);
      return;
    }
    const request = { hint: this.#keyExchange?.hint?.toString(), cipherSuite: suite };
    let psk;
    try {
      psk = this.#settings.psk?.(request);
    } catch {
      association.host.counters.pskLookUpsFailed++;
      psk = undefined;
    }
    if (!(psk instanceof Promise)) {
      this.#answerWithPsk(suite, psk);
      return;
    }
    this.paused = true;
    this.stopRetransmission();
    const later = (result: ClientPsk | undefined): void => {
      this.resume(() => {
        this.#answerWithPsk(suite, result);
      });
    };
    psk.then(later, () => {
      association.host.counters.pskLookUpsFailed++;
      later(undefined);
    });
  }

  #answerWithPsk(suite: CipherSuite, psk: ClientPsk | undefined): void {
    const { association } = this;
    if (psk === undefined) association.fail(ALERT.unknownPskIdentity);
    else if (isUsablePsk(psk)) this.#answer(suite, psk);
    else {
      association.host.counters.pskUnusableKeys++;
      association.fail(ALERT.internalError);
    }
  }

  /** The flight from Certificate, if asked for, to Finished. */
  #answer(suite: CipherSuite, psk: ClientPsk | undefined): void {
    const { association } = this;
    const exchange = this.#keyExchange;
    let shared: Buffer | undefined;
    let publicKey: Buffer | undefined;
    if (suite.keyExchange !== 'psk') {
      const keyShare = groupByCode(exchange?.group ?? 0)?.generate();
      publicKey = keyShare?.publicKey;
      shared = keyShare?.agree(exchange?.publicKey ?? NO_OCTETS);
      if (shared === undefined) {
        association.fail(ALERT.illegalParameter);
        return;
      }
    }
    const flight = new Flight();
    const credentials = this.#request === undefined ? undefined : this.#credentialsFor(this.#request);
    if (this.#request !== undefined)
      this.add(flight, writeCertificate(credentials?.certificates ?? [], this.sendSequence++));
    this.add(flight, writeClientKeyExchange({ identity: psk?.identity, publicKey }, this.sendSequence++));
    let premaster = shared ?? NO_OCTETS;
    if (psk !== undefined)
      premaster = shared === undefined ? pskPremasterSecret(psk.key) : ecdhePskPremasterSecret(shared, psk.key);
    const isExtended = this.#hello?.extensions.extendedMasterSecret === true;
    const transcript = isExtended ? this.transcript : undefined;
    const schedule = KeySchedule.fromPremaster(suite, premaster, this.clientRandom, this.#serverRandom, transcript);
    if (credentials !== undefined) {
      const { scheme, privateKey } = credentials;
      const signature = sign(scheme, privateKey, this.transcript.octets);
      this.add(flight, writeCertificateVerify({ scheme: scheme.code, signature }, this.sendSequence++));
    }
    const pskIdentity = psk?.identity.toString('latin1');
    this.#install(schedule, { pskIdentity, peerCertificates: this.#peerCertificates, resumed: false });
    association.expiresAt = psk?.expiresAt;
    this.addFinished(flight, schedule, 'client');
    this.expected = [this.#hello?.extensions.sessionTicket === undefined ? finished : newSessionTicket];
    this.send(flight);
  }

  /** Our certificates with a scheme that the server takes; undefined when there are none. */
  #credentialsFor(request: CertificateRequest) {
    const { credentials, signatureSchemes } = this.#settings;
    for (const code of credentials?.schemes ?? []) {
      if (!request.signatureSchemes.includes(code) || !signatureSchemes.includes(code)) continue;
      const scheme = signatureSchemeByCode(code);
      if (scheme !== undefined && credentials !== undefined) return { ...credentials, scheme };
    }
    return undefined;
  }

  #install(schedule: KeySchedule, peer: Pick<Negotiated, 'pskIdentity' | 'peerCertificates' | 'resumed'>): void {
    const { association } = this;
    const extensions = this.#hello?.extensions;
    this.#schedule = schedule;
    association.host.keyLog?.(keyLogLine(schedule.secrets));
    this.#negotiated = {
      ...peer,
      suite: schedule.suite,
      secrets: schedule.secrets,
      extendedMasterSecret: extensions?.extendedMasterSecret ?? false,
      encryptThenMac: extensions?.encryptThenMac ?? false,
      returnRoutability: extensions?.returnRoutability ?? false,
      maximumSend: extensions === undefined ? 0 : maximumPlaintext(extensions, extensions.maximumFragmentLength),
      maximumReceive: maximumPlaintext(
        extensions?.recordSizeLimit === undefined ? noExtensions() : this.#offered,
        extensions?.maximumFragmentLength,
      ),
      serverName: this.#settings.serverName?.toLowerCase(),
      pskData: undefined,
      sessionId: undefined,
      ticket: undefined,
      sessionExpiresAt: undefined,
    };
    association.installKeys(this.#negotiated);
  }

  #onNewSessionTicket({ body, octets }: HandshakeMessage): void {
    const message = readNewSessionTicket(body);
    if (message === undefined) {
      this.association.fail(ALERT.decodeError);
      return;
    }
    this.#ticket = { ticket: copyOctets(message.ticket), lifetime: message.lifetime };
    this.transcript.add(octets);
    this.expected = [finished];
  }

  #onFinished({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const schedule = this.#schedule;
    const negotiated = this.#negotiated;
    if (schedule === undefined || negotiated === undefined || !schedule.verifies('server', this.transcript, body)) {
      association.fail(ALERT.decryptError);
      return;
    }
    const result = this.#withSession(negotiated);
    if (!negotiated.resumed) {
      association.establish(result);
      return;
    }
    this.transcript.add(octets);
    const flight = new Flight();
    this.addFinished(flight, schedule, 'client');
    this.sendLast(flight, result);
  }

  /** With what names the session to the server: a new ticket, the identifier of a new session, or those we resumed with. */
  #withSession(negotiated: Negotiated): Negotiated {
    const wallClock = this.association.host.wallClock();
    const old = negotiated.resumed ? this.#session : undefined;
    const ticket = this.#ticket?.ticket.length === 0 ? undefined : this.#ticket?.ticket;
    if (ticket === undefined && old !== undefined)
      return { ...negotiated, ticket: old.ticket, sessionId: old.sessionId, sessionExpiresAt: old.expiresAt };
    const sessionId = this.#hello === undefined ? NO_OCTETS : copyOctets(this.#hello.sessionId);
    if (ticket === undefined && sessionId.length === 0) return negotiated;
    const seconds = this.#ticket?.lifetime ?? 0;
    const lifetime = seconds === 0 ? DEFAULT_SESSION_LIFETIME : seconds * 1000;
    const keyExpiresAt = this.association.expiresAt ?? Number.POSITIVE_INFINITY;
    return {
      ...negotiated,
      ticket,
      sessionId: ticket === undefined ? sessionId : undefined,
      sessionExpiresAt: Math.min(wallClock + lifetime, keyExpiresAt),
    };
  }
}
