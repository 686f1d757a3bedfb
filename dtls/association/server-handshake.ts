import type { X509Certificate } from 'node:crypto';

import { readPeerCertificate } from '../certificates/read-certificates.ts';
import { ALERT } from '../errors.ts';
import {
  CERTIFICATE_TYPE,
  readCertificate,
  readCertificateVerify,
  writeCertificate,
  writeCertificateRequest,
} from '../handshake/certificate-messages.ts';
import { type ClientHello, readClientHello } from '../handshake/client-hello.ts';
import type { HelloExtensions } from '../handshake/extensions.ts';
import { writeServerHelloDone } from '../handshake/finished.ts';
import { copyOctets, Flight } from '../handshake/flight.ts';
import type { HandshakeMessage } from '../handshake/handshake-message.ts';
import { HANDSHAKE_TYPE } from '../handshake/handshake-type.ts';
import { readClientKeyExchange, writeParameters, writeServerKeyExchange } from '../handshake/key-exchange-messages.ts';
import { KeySchedule } from '../handshake/key-schedule.ts';
import { writeNewSessionTicket } from '../handshake/new-session-ticket.ts';
import { writeServerHello } from '../handshake/server-hello.ts';
import { SESSION_ID_OCTETS, type Session } from '../session/session.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import type { KeyShare } from '../suites/key-exchange.ts';
import { ecdhePskPremasterSecret, pskPremasterSecret, RANDOM_OCTETS } from '../suites/secrets.ts';
import { sign, signatureSchemeByCode, verify } from '../suites/signature-schemes.ts';
import { type Association, NO_OCTETS } from './association.ts';
import { Handshake, refuseAll } from './handshake.ts';
import { keyLogLine } from './key-log.ts';
import type { Negotiated } from './negotiated.ts';
import {
  answerExtensions,
  checkClientHello,
  chooseSuite,
  maximumPlaintext,
  nameDecides,
  type ServerChoice,
} from './server-negotiation.ts';
import { findSession, hostName } from './server-resumption.ts';
import type { PskAnswer, PskRequest, ServerSettings } from './settings.ts';
import { hasEnded, isUsablePsk } from './usable-psk.ts';

/** Octets of the key that stands in for that of an unknown identity: as many as a GBA key has. */
const STAND_IN_KEY_OCTETS = 32;

/** The server's side of a handshake (RFC 5246 7.3, RFC 6347 4.2.4), from a ClientHello whose cookie was right. */
export class ServerHandshake extends Handshake {
  readonly #settings: ServerSettings;
  #clientRandom = NO_OCTETS;
  #serverRandom = NO_OCTETS;
  #hello: ClientHello | undefined;
  #choice: ServerChoice | undefined;
  #answer: HelloExtensions | undefined;
  #sessionId = NO_OCTETS;
  #willIssueTicket = false;
  #keyShare: KeyShare | undefined;
  #peerCertificates: readonly Buffer[] | undefined;
  #peer: X509Certificate | undefined;
  #schedule: KeySchedule | undefined;
  #negotiated: Negotiated | undefined;
  /** Session that is being resumed. */
  #session: Session | undefined;
  #started = false;
  /** The look-up that is under way. */
  #lookingUp: PskRequest | undefined;

  constructor(association: Association, settings: ServerSettings) {
    super(association, [HANDSHAKE_TYPE.clientHello]);
    this.#settings = settings;
  }

  get clientRandom(): Buffer {
    return this.#clientRandom;
  }

  override clear(): void {
    super.clear();
    if (this.#lookingUp !== undefined) this.#settings.psk?.giveUp?.(this.#lookingUp);
    this.#lookingUp = undefined;
  }

  /**
   * Our first message has the message_seq of the ClientHello, and our first record its record sequence number, as if the
   * HelloVerifyRequest before had been ours to remember (RFC 6347 4.2.1).
   */
  protected override onRecord(content: Buffer, recordSequence: number): void {
    if (this.#started || content.length < 6 || content[0] !== HANDSHAKE_TYPE.clientHello) return;
    this.#started = true;
    this.sendSequence = content.readUInt16BE(4);
    this.startAt(this.sendSequence);
    this.epochZeroSequence = recordSequence;
  }

  protected override onMessage(message: HandshakeMessage): void {
    switch (message.type) {
      case HANDSHAKE_TYPE.clientHello:
        this.#onClientHello(message);
        return;
      case HANDSHAKE_TYPE.certificate:
        this.#onCertificate(message);
        return;
      case HANDSHAKE_TYPE.clientKeyExchange:
        this.#onClientKeyExchange(message);
        return;
      case HANDSHAKE_TYPE.certificateVerify:
        this.#onCertificateVerify(message);
        return;
      default:
        this.#onFinished(message);
    }
  }

  #onClientHello({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const hello = readClientHello(body);
    if (hello === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    this.#clientRandom = Buffer.from(hello.random);
    const alert = checkClientHello(hello, this.#settings);
    if (alert !== undefined) {
      association.fail(alert);
      return;
    }
    this.#hello = hello;
    this.transcript.add(octets);
    this.#serverRandom = association.host.random(RANDOM_OCTETS);
    const { sessionTicket } = hello.extensions;
    const resumption = findSession(hello, this.#settings, association.host.wallClock());
    if (resumption.kind === 'abort') association.fail(ALERT.handshakeFailure);
    else if (resumption.kind === 'resume') this.#resumeSession(hello, resumption.session, resumption.suite);
    else {
      const wanted = (sessionTicket?.length ?? 0) > 0 || hello.sessionId.length > 0;
      if (wanted) association.host.counters.resumptionsRefused++;
      this.#answerInFull(hello);
    }
  }

  #answerInFull(hello: ClientHello): void {
    const { association } = this;
    const choice = chooseSuite(hello, this.#settings);
    if (choice === undefined) {
      association.fail(ALERT.handshakeFailure);
      return;
    }
    this.#choice = choice;
    const { suite } = choice;
    this.#willIssueTicket = this.#settings.ticketKeys !== undefined && hello.extensions.sessionTicket !== undefined;
    const remembers = this.#settings.sessionCache !== undefined && !this.#willIssueTicket;
    if (remembers) this.#sessionId = association.host.random(SESSION_ID_OCTETS);

    const flight = new Flight();
    this.add(flight, this.#serverHello(hello, suite));
    if (choice.credentials !== undefined)
      this.add(flight, writeCertificate(choice.credentials.certificates, this.sendSequence++));
    const keyExchange = this.#serverKeyExchange(choice);
    if (keyExchange !== undefined) this.add(flight, keyExchange);
    const asksForCertificate = choice.credentials !== undefined && this.#settings.clientCertificates !== 'none';
    if (asksForCertificate) this.add(flight, this.#certificateRequest());
    this.add(flight, writeServerHelloDone(this.sendSequence++));
    this.expected = [asksForCertificate ? HANDSHAKE_TYPE.certificate : HANDSHAKE_TYPE.clientKeyExchange];
    this.send(flight);
  }

  #serverHello(hello: ClientHello, suite: CipherSuite): Buffer {
    const { association } = this;
    if (!this.#settings.connectionId || hello.extensions.connectionId === undefined) association.localCid = NO_OCTETS;
    else {
      if (association.localCid.length === 0) association.host.assignConnectionId?.(association);
      association.peerCid = copyOctets(hello.extensions.connectionId);
    }
    const answer = answerExtensions(hello, suite, this.#settings, {
      localCid: association.localCid,
      willIssueTicket: this.#willIssueTicket,
      // Not in a resumed session, nor where no certificate is sent (RFC 6066 3).
      nameDecides: this.#choice?.credentials !== undefined && nameDecides(hello, this.#settings),
    });
    this.#answer = answer;
    if (answer.maximumFragmentLength !== undefined) this.maximumFragment = 256 << answer.maximumFragmentLength;
    return writeServerHello(
      {
        version: 0,
        random: this.#serverRandom,
        sessionId: this.#sessionId,
        cipherSuite: suite.code,
        compressionMethod: 0,
        extensions: answer,
      },
      this.sendSequence++,
    );
  }

  #serverKeyExchange({ suite, group, credentials, scheme }: ServerChoice): Buffer | undefined {
    const hintText = this.#settings.psk?.hint;
    const usesPsk = suite.keyExchange === 'psk' || suite.keyExchange === 'ecdhe-psk';
    if (group === undefined) {
      // Plain PSK without a hint has no such message (RFC 4279 2).
      if (hintText === undefined) return undefined;
      return writeServerKeyExchange(Buffer.from(hintText), undefined, undefined, this.sendSequence++);
    }
    const keyShare = group.generate();
    this.#keyShare = keyShare;
    const parameters = writeParameters(group.code, keyShare.publicKey);
    const hint = usesPsk ? Buffer.from(hintText ?? '') : undefined;
    let signed;
    if (credentials !== undefined && scheme !== undefined) {
      const data = Buffer.concat([this.#clientRandom, this.#serverRandom, parameters]);
      signed = { scheme: scheme.code, signature: sign(scheme, credentials.privateKey, data) };
    }
    return writeServerKeyExchange(hint, parameters, signed, this.sendSequence++);
  }

  #certificateRequest(): Buffer {
    const request = {
      types: [CERTIFICATE_TYPE.ecdsaSign, CERTIFICATE_TYPE.rsaSign],
      signatureSchemes: this.#settings.signatureSchemes,
      authorities: this.#settings.authorities ?? [],
    };
    return writeCertificateRequest(request, this.sendSequence++);
  }

  #onCertificate({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const certificates = readCertificate(body, association.settings.limits.maximumCertificates);
    const [own] = certificates ?? [];
    if (certificates === undefined) association.fail(ALERT.decodeError);
    else if (own === undefined) {
      if (this.#settings.clientCertificates === 'require') association.fail(ALERT.handshakeFailure);
    } else {
      const copies = certificates.map((certificate) => copyOctets(certificate));
      this.#peer = readPeerCertificate(own);
      const name = this.#hello === undefined ? undefined : hostName(this.#hello);
      const alert =
        this.#peer === undefined ? ALERT.badCertificate : (this.#settings.verifyClient ?? refuseAll)(copies, name);
      if (alert !== undefined) association.fail(alert);
      this.#peerCertificates = copies;
    }
    this.transcript.add(octets);
    this.expected = [HANDSHAKE_TYPE.clientKeyExchange];
  }

  #onClientKeyExchange({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const suite = this.#choice?.suite;
    const message = suite === undefined ? undefined : readClientKeyExchange(body, suite.keyExchange);
    if (suite === undefined || message === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    let shared: Buffer | undefined;
    if (message.publicKey !== undefined) {
      shared = this.#keyShare?.agree(message.publicKey);
      if (shared === undefined) {
        association.fail(ALERT.illegalParameter);
        return;
      }
    }
    this.transcript.add(octets);
    this.expected = [this.#peer === undefined ? HANDSHAKE_TYPE.finished : HANDSHAKE_TYPE.certificateVerify];
    if (message.identity !== undefined) this.#lookUp(suite, message.identity, shared);
    else if (shared !== undefined) this.#deriveKeys(suite, shared, undefined, undefined);
  }

  /** Asks for the key of an identity; meanwhile messages wait, and nothing is sent again. */
  #lookUp(suite: CipherSuite, identity: Buffer, shared: Buffer | undefined): void {
    const { association } = this;
    const { psk } = this.#settings;
    if (psk === undefined) {
      association.fail(ALERT.internalError);
      return;
    }
    const { counters } = association.host;
    counters.pskLookUps++;
    const identityOctets = identity.toString('latin1');
    const answered = (given: PskAnswer | undefined): void => {
      if (given !== undefined && !isUsablePsk(given)) {
        counters.pskUnusableKeys++;
        association.fail(ALERT.internalError);
        return;
      }
      const answer = given === undefined || hasEnded(given, association.host.wallClock()) ? undefined : given;
      if (answer === undefined) counters.pskUnknownIdentities++;
      // Made for known identities as well, so that unknown ones take no longer.
      const standIn = association.host.random(STAND_IN_KEY_OCTETS);
      const key = answer?.key ?? standIn;
      const premaster = shared === undefined ? pskPremasterSecret(key) : ecdhePskPremasterSecret(shared, key);
      this.#deriveKeys(suite, premaster, identityOctets, answer);
    };
    const request = {
      identity: identity.toString(),
      identityBytes: copyOctets(identity),
      hint: psk.hint,
      cipherSuite: suite,
      serverName: this.#hello === undefined ? undefined : hostName(this.#hello),
      peer: association.peer,
    };
    let answer;
    try {
      answer = psk.lookUp(request);
    } catch {
      counters.pskLookUpsFailed++;
      answer = undefined;
    }
    if (!(answer instanceof Promise)) {
      answered(answer);
      return;
    }
    this.paused = true;
    this.#lookingUp = request;
    this.stopRetransmission();
    const later = (result: PskAnswer | undefined): void => {
      this.#lookingUp = undefined;
      this.resume(() => {
        answered(result);
      });
    };
    answer.then(later, () => {
      counters.pskLookUpsFailed++;
      later(undefined);
    });
  }

  #deriveKeys(
    suite: CipherSuite,
    premaster: Buffer,
    pskIdentity: string | undefined,
    psk: PskAnswer | undefined,
  ): void {
    const transcript = this.#answer?.extendedMasterSecret === true ? this.transcript : undefined;
    const schedule = KeySchedule.fromPremaster(suite, premaster, this.#clientRandom, this.#serverRandom, transcript);
    this.#install(schedule, {
      pskIdentity,
      pskData: psk?.data,
      peerCertificates: this.#peerCertificates,
      resumed: false,
    });
    this.association.expiresAt = psk?.expiresAt;
  }

  #resumeSession(hello: ClientHello, session: Session, suite: CipherSuite): void {
    this.#session = session;
    // The client sees by its own identifier that the session is resumed (RFC 5077 3.4).
    this.#sessionId = hello.sessionId;
    const flight = new Flight();
    this.add(flight, this.#serverHello(hello, suite));
    const { masterSecret } = session;
    const schedule = KeySchedule.fromMaster(suite, masterSecret, this.#clientRandom, this.#serverRandom);
    const { pskData, peerCertificates } = session;
    const pskIdentity = session.pskIdentity?.toString('latin1');
    this.#install(schedule, { pskIdentity, pskData, peerCertificates, resumed: true });
    this.association.expiresAt = session.keyExpiresAt;
    this.addFinished(flight, schedule, 'server');
    this.expected = [HANDSHAKE_TYPE.finished];
    this.send(flight);
  }

  #install(
    schedule: KeySchedule,
    {
      pskIdentity,
      pskData,
      peerCertificates,
      resumed,
    }: Pick<Negotiated, 'pskIdentity' | 'pskData' | 'peerCertificates' | 'resumed'>,
  ): void {
    const { association } = this;
    this.#schedule = schedule;
    association.host.keyLog?.(keyLogLine(schedule.secrets));
    // Each by its name: what is copied with dots lies in two pieces, for as long as the association lives.
    this.#negotiated = {
      pskIdentity,
      pskData,
      peerCertificates,
      resumed,
      suite: schedule.suite,
      secrets: schedule.secrets,
      extendedMasterSecret: this.#answer?.extendedMasterSecret ?? false,
      encryptThenMac: this.#answer?.encryptThenMac ?? false,
      returnRoutability: this.#answer?.returnRoutability ?? false,
      maximumSend:
        this.#hello === undefined ? 0 : maximumPlaintext(this.#hello.extensions, this.#answer?.maximumFragmentLength),
      maximumReceive:
        this.#answer === undefined ? 0 : maximumPlaintext(this.#answer, this.#answer.maximumFragmentLength),
      serverName: this.#hello === undefined ? undefined : hostName(this.#hello),
      // Only to forget the session by; what names a session of a ticket is the client's own.
      sessionId:
        this.#settings.sessionCache !== undefined && this.#sessionId.length > 0
          ? copyOctets(this.#sessionId)
          : undefined,
      ticket: undefined,
      sessionExpiresAt: undefined,
    };
    association.installKeys(this.#negotiated);
  }

  #onCertificateVerify({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const signed = readCertificateVerify(body);
    if (signed === undefined) {
      association.fail(ALERT.decodeError);
      return;
    }
    const scheme = signatureSchemeByCode(signed.scheme);
    if (scheme === undefined || !this.#settings.signatureSchemes.includes(signed.scheme)) {
      association.fail(ALERT.illegalParameter);
      return;
    }
    if (this.#peer === undefined || !verify(scheme, this.#peer.publicKey, this.transcript.octets, signed.signature)) {
      association.fail(ALERT.decryptError);
      return;
    }
    this.transcript.add(octets);
    this.expected = [HANDSHAKE_TYPE.finished];
  }

  #onFinished({ body, octets }: HandshakeMessage): void {
    const { association } = this;
    const schedule = this.#schedule;
    const negotiated = this.#negotiated;
    if (schedule === undefined || negotiated === undefined || !schedule.verifies('client', this.transcript, body)) {
      association.fail(ALERT.decryptError);
      return;
    }
    if (this.#session !== undefined) {
      association.establish(negotiated);
      return;
    }
    this.transcript.add(octets);
    const flight = new Flight();
    if (this.#willIssueTicket) this.add(flight, this.#newSessionTicket(negotiated));
    else if (this.#sessionId.length > 0) this.#remember(negotiated);
    this.addFinished(flight, schedule, 'server');
    this.sendLast(flight, negotiated);
  }

  #newSessionTicket(negotiated: Negotiated): Buffer {
    const { host } = this.association;
    const keys = this.#settings.ticketKeys;
    const session = this.#sessionOf(negotiated, (keys?.lifetimeSeconds ?? 0) * 1000);
    const now = host.wallClock();
    const ticket = session.expiresAt > now ? keys?.seal(session, now) : undefined;
    if (ticket !== undefined) host.counters.ticketsIssued++;
    const lifetime = Math.max(0, Math.floor((session.expiresAt - now) / 1000));
    return writeNewSessionTicket({ lifetime, ticket: ticket ?? NO_OCTETS }, this.sendSequence++);
  }

  #remember(negotiated: Negotiated): void {
    const cache = this.#settings.sessionCache;
    cache?.add(this.#sessionId, this.#sessionOf(negotiated, cache.lifetime));
  }

  /** @param lifetime milliseconds; a session never outlives the pre-shared key that it is made of */
  #sessionOf(negotiated: Negotiated, lifetime: number): Session {
    const keyExpiresAt = this.association.expiresAt;
    return {
      cipherSuite: negotiated.suite.code,
      // The association wipes its own when it ends.
      masterSecret: copyOctets(negotiated.secrets.masterSecret),
      extendedMasterSecret: negotiated.extendedMasterSecret,
      expiresAt: Math.min(this.association.host.wallClock() + lifetime, keyExpiresAt ?? Number.POSITIVE_INFINITY),
      keyExpiresAt,
      serverName: negotiated.serverName,
      pskIdentity: this.association.pskIdentity,
      pskData: negotiated.pskData,
      peerCertificates: negotiated.peerCertificates,
    };
  }
}
