import { CONTENT_TYPE, plainRecord, readRecord, RecordView } from '../record/record-header.ts';
import { RecordProtection } from '../record/record-protection.ts';
import { ReplayWindow } from '../record/replay-window.ts';
import { ALERT, ALERT_LEVEL } from '../errors.ts';
import { copyOctets, type FlightCarrier } from '../handshake/flight.ts';
import { HANDSHAKE_TYPE } from '../handshake/handshake-type.ts';
import { AssociationFacts } from './association-facts.ts';
import type { AssociationHost } from './association-host.ts';
import type { AssociationState } from './association-state.ts';
import type { CloseReason } from './close-reason.ts';
import { exportedState } from './export-association.ts';
import type { Handshake } from './handshake.ts';
import type { LastFlight } from './last-flight.ts';
import type { Negotiated } from './negotiated.ts';
import { answerPathChallenge, beginPathCheck, isPathResponse, type PathCheck } from './path-check.ts';
import type { CommonSettings } from './settings.ts';
import { UnprovenAddress } from './unproven-address.ts';

export const NO_OCTETS: Buffer = Buffer.alloc(0);

/**
 * One DTLS 1.2 association without any I/O: datagrams, time and randomness come in, datagrams, a timer and events go out
 * through the host. It has two epochs: 0 for the handshake, 1 with keys; there is no renegotiation, hence no other.
 */
export abstract class Association extends AssociationFacts implements FlightCarrier {
  readonly host: AssociationHost;
  readonly settings: CommonSettings;
  /** The shell's address object of the peer. */
  peer: unknown;
  /** For the shell alone. */
  context: unknown = undefined;
  /** The connection identifier that the peer sends to us (RFC 9146); empty when it sends none. */
  localCid: Buffer;
  peerCid: Buffer = NO_OCTETS;
  /** The alert that was sent or received last: why a handshake failed. */
  lastAlert: { readonly sent: boolean; readonly code: number } | undefined;

  #state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  #handshake: Handshake | undefined;
  #protection: RecordProtection | undefined;
  #window: ReplayWindow = new ReplayWindow();
  #writeEpoch: 0 | 1 = 0;
  #writeSequence = 0;
  #expiresAt: number | undefined;
  #lastReceivedAt: number;
  #lastFlight: LastFlight | undefined;
  #pathCheck: PathCheck | undefined;
  #unproven: UnprovenAddress | undefined;
  #refusedRenegotiationAt: number | undefined;

  constructor(host: AssociationHost, settings: CommonSettings, peer: unknown, localCid: Buffer) {
    super();
    this.host = host;
    this.settings = settings;
    this.peer = peer;
    this.localCid = localCid.length === 0 ? NO_OCTETS : copyOctets(localCid);
    this.#lastReceivedAt = host.now();
  }

  get state(): 'handshaking' | 'established' | 'closed' {
    return this.#state;
  }

  /** Milliseconds since 1970 at which the association ends with 'key-expired'. */
  get expiresAt(): number | undefined {
    return this.#expiresAt;
  }

  set expiresAt(at: number | undefined) {
    this.#expiresAt = at;
    if (this.#state === 'established') this.schedule();
  }

  /**
   * Takes one datagram, whatever is in it.
   *
   * @returns true when a record of it was authentic, or of use to the running handshake: a shell that has an old and a new
   *   association of one peer gives a datagram to the new one first, and to the old one when this is false
   */
  receive(datagram: Buffer, from: unknown): boolean {
    let useful = false;
    for (let offset = 0; offset < datagram.length && this.#state !== 'closed';) {
      if (!readRecord(datagram, offset, this.localCid.length, VIEW)) {
        this.host.counters.malformedRecords++;
        break;
      }
      offset = VIEW.end;
      if (VIEW.epoch === 1 ? this.#receiveProtected(datagram, from) : this.#receivePlain(datagram)) useful = true;
    }
    return useful;
  }

  /**
   * False, and counted, when data is larger than `maximumSend`, when the association is not established, and when the peer has moved
   * and as much has gone to its new address as may before that is proven.
   */
  send(data: Uint8Array): boolean {
    const negotiated = this.negotiated;
    if (this.#state !== 'established' || negotiated === undefined || data.length > negotiated.maximumSend) {
      this.host.counters.sendsRefused++;
      return false;
    }
    const record = this.#sealWithin(CONTENT_TYPE.applicationData, data);
    return record !== undefined && this.#sendToPeer(record);
  }

  /** Ends the association; when it is established the peer is told, unless it is replaced. */
  close(reason: CloseReason = 'closed'): void {
    if (this.#state === 'established' && reason !== 'replaced') this.#sendAlert(ALERT_LEVEL.warning, ALERT.closeNotify);
    this.#end(reason);
  }

  /** Called by the shell when the timer that it was given is due. */
  onTimer(): void {
    if (this.#state === 'closed') return;
    const now = this.host.now();
    const { counters } = this.host;
    const { idleTimeout } = this.settings.limits;
    if (this.#handshake !== undefined) {
      if (now >= this.#handshake.deadline) {
        counters.handshakeTimeouts++;
        this.#end('handshake-timeout');
        return;
      }
      this.#handshake.onTimer(now);
    } else if (this.#expiresAt !== undefined && this.host.wallClock() >= this.#expiresAt) {
      counters.keyExpirations++;
      this.close('key-expired');
      return;
    } else if (idleTimeout > 0 && now >= this.#lastReceivedAt + idleTimeout) {
      counters.idleExpirations++;
      this.close('idle');
      return;
    }
    if (this.#lastFlight !== undefined && now >= this.#lastFlight.until) this.#lastFlight = undefined;
    if (this.#pathCheck !== undefined && now >= this.#pathCheck.until) {
      counters.pathChecksFailed++;
      this.#pathCheck = undefined;
    }
    this.schedule();
  }

  /** Whether a ClientHello with this random is the one that the association was made with: a duplicate, no new handshake. */
  matchesClientHello(random: Uint8Array): boolean {
    const own = this.#handshake?.clientRandom ?? this.negotiated?.secrets.clientRandom;
    return own !== undefined && own.length > 0 && own.equals(random);
  }

  /** Everything that another process needs to go on; this one must not send from then on. Undefined until established. */
  exportState(): AssociationState | undefined {
    const negotiated = this.negotiated;
    const protection = this.#protection;
    if (this.#state !== 'established' || negotiated === undefined || protection === undefined) return undefined;
    return exportedState(this, negotiated, {
      writeSequence: this.#writeSequence,
      replayWindow: this.#window.save(),
      usage: [protection.sealed, protection.failed],
    });
  }

  /** For importAssociation(). */
  protected restore(
    negotiated: Negotiated,
    state: AssociationState,
    replayWindow: readonly [number, number, number],
  ): void {
    this.peerCid = state.peerCid;
    this.installKeys(negotiated);
    if (this.#protection !== undefined) {
      this.#protection.sealed = state.usage[0] ?? 0;
      this.#protection.failed = state.usage[1] ?? 0;
    }
    this.#window = ReplayWindow.restore(replayWindow);
    this.#writeSequence = state.writeSequence;
    this.#writeEpoch = 1;
    this.#expiresAt = state.expiresAt;
    this.#state = 'established';
    this.schedule();
  }

  // What follows is for the handshake.

  protected begin(handshake: Handshake): void {
    this.#handshake = handshake;
    this.host.counters.handshakesStarted++;
    this.schedule();
  }

  /** Records of epoch 1 can be opened and sealed from now on. */
  installKeys(negotiated: Negotiated): void {
    const { suite, secrets, encryptThenMac } = negotiated;
    this.negotiated = negotiated;
    this.#protection = new RecordProtection(suite, secrets.octets, this.role === 'server', {
      keysStart: secrets.keysStart,
      sendCid: this.peerCid,
      receiveCid: this.localCid,
      encryptThenMac,
      limits: this.settings.usageLimits,
      keyRing: this.host.keyRing,
      openssl: this.host.openssl,
    });
  }

  get hasKeys(): boolean {
    return this.#protection !== undefined;
  }

  /** What we send ourselves is protected from now on. */
  protectSending(): void {
    this.#writeEpoch = 1;
  }

  /** The handshake is done. @param lastFlight what the peer may not have yet */
  establish(negotiated: Negotiated, lastFlight?: LastFlight): void {
    const { counters } = this.host;
    this.negotiated = negotiated;
    this.#lastFlight = lastFlight;
    this.#handshake?.clear();
    this.#handshake = undefined;
    this.#state = 'established';
    counters.handshakesCompleted++;
    if (negotiated.resumed) counters.handshakesResumed++;
    this.schedule();
    this.host.onEstablished(this);
  }

  /** Ends the handshake with a fatal alert. */
  fail(alert: number): void {
    if (this.#state === 'closed') return;
    this.#sendAlert(ALERT_LEVEL.fatal, alert);
    this.#end('handshake-failure');
  }

  /** Ends a handshake whose peer sent an alert and then nothing any more. */
  endByAlert(): void {
    this.#end('peer-alert');
  }

  nextEpochZeroSequence(): number {
    const carrier = this.#handshake ?? this.#lastFlight;
    return carrier === undefined ? 0 : carrier.epochZeroSequence++;
  }

  seal(contentType: number, content: Uint8Array): Buffer | undefined {
    return this.#protection?.seal(contentType, 1, this.#writeSequence++, content);
  }

  get sealOverhead(): number {
    return this.#protection?.overhead ?? 0;
  }

  transmit(datagram: Buffer): void {
    this.#sendToPeer(datagram);
  }

  /** Tells the shell when to call onTimer(). */
  schedule(): void {
    if (this.#state === 'closed') return;
    let at = Number.POSITIVE_INFINITY;
    if (this.#handshake !== undefined) at = this.#handshake.dueAt;
    else {
      const { idleTimeout } = this.settings.limits;
      if (idleTimeout > 0) at = this.#lastReceivedAt + idleTimeout;
      if (this.#expiresAt !== undefined)
        at = Math.min(at, this.host.now() + Math.max(0, this.#expiresAt - this.host.wallClock()));
      if (this.#lastFlight !== undefined) at = Math.min(at, this.#lastFlight.until);
      if (this.#pathCheck !== undefined) at = Math.min(at, this.#pathCheck.until);
    }
    this.host.setTimer(this, at === Number.POSITIVE_INFINITY ? undefined : at);
  }

  /** A record of epoch 1. */
  #receiveProtected(datagram: Buffer, from: unknown): boolean {
    const { counters } = this.host;
    const protection = this.#protection;
    if (protection === undefined) {
      if (this.#handshake === undefined) counters.unknownEpochRecords++;
      else this.#handshake.keepEarly(datagram.subarray(VIEW.start, VIEW.end), from);
      return false;
    }
    const { sequence, type } = VIEW;
    const octets = VIEW.end - VIEW.start;
    if (!this.#window.isFresh(sequence)) {
      counters.replayedRecords++;
      return false;
    }
    const content = protection.open(datagram, VIEW);
    if (content === undefined) {
      counters.undecryptableRecords++;
      if (protection.exhausted) this.#endAtUsageLimit();
      else this.#handshake?.onBadRecord(type);
      return false;
    }
    const { contentType } = VIEW;
    const isNewest = this.#window.isNewest(sequence);
    this.#window.accept(sequence);
    this.#lastReceivedAt = this.host.now();
    if (isNewest && from !== this.peer && type === CONTENT_TYPE.connectionId && !this.host.samePeer(from, this.peer))
      this.#onMoved(from, contentType);
    if (this.#unproven?.receive(from === this.peer ? octets : 0, isNewest && from === this.peer) === true)
      this.#unproven = undefined;
    this.#dispatch(contentType, content, from);
    return true;
  }

  #dispatch(contentType: number, content: Buffer, from: unknown): void {
    const { counters } = this.host;
    switch (contentType) {
      case CONTENT_TYPE.applicationData:
        if (this.#state !== 'established') counters.untimelyApplicationData++;
        else if (content.length > (this.negotiated?.maximumReceive ?? 0)) counters.oversizedRecords++;
        else {
          // Nobody sends data before it has our Finished.
          this.#lastFlight = undefined;
          this.host.onMessage(this, content);
        }
        return;
      case CONTENT_TYPE.handshake:
        if (this.#handshake !== undefined) this.#handshake.receive(content, 1);
        else this.#onLateHandshake(content);
        return;
      case CONTENT_TYPE.alert:
        this.#onAlert(content);
        return;
      case CONTENT_TYPE.returnRoutabilityCheck:
        this.#onPathMessage(content, from);
        return;
      default:
        counters.unknownContentTypes++;
    }
  }

  /** A record of epoch 0, or of an epoch that does not exist. */
  #receivePlain(datagram: Buffer): boolean {
    const { counters } = this.host;
    const handshake = this.#handshake;
    const { contentType, epoch, sequence } = VIEW;
    const content = datagram.subarray(VIEW.fragmentStart, VIEW.end);
    if (epoch !== 0) counters.unknownEpochRecords++;
    else if (contentType === CONTENT_TYPE.applicationData) counters.epochZeroApplicationData++;
    else if (contentType === CONTENT_TYPE.handshake) {
      if (handshake !== undefined) return handshake.receive(content, 0, sequence);
      counters.epochZeroHandshakeIgnored++;
    } else if (contentType === CONTENT_TYPE.alert) {
      if (handshake !== undefined) return this.#onAlert(content, handshake);
      counters.epochZeroAlertsIgnored++;
    } else if (contentType !== CONTENT_TYPE.changeCipherSpec) counters.unknownContentTypes++;
    // ChangeCipherSpec says nothing that the epoch of the next record does not say, and it may be lost.
    return false;
  }

  /** A handshake message after the handshake: the peer's last flight again, or an attempt to renegotiate. */
  #onLateHandshake(content: Buffer): void {
    const { counters } = this.host;
    const now = this.host.now();
    const { duplicateInterval, maximumDuplicateAnswers } = this.settings.limits;
    const type = content[0];
    if (type === HANDSHAKE_TYPE.finished) {
      const last = this.#lastFlight;
      if (last === undefined || last.answers >= maximumDuplicateAnswers || now < last.sentAt + duplicateInterval) {
        counters.duplicatesUnanswered++;
        return;
      }
      last.answers++;
      last.sentAt = now;
      counters.retransmissionsForDuplicates++;
      last.flight.transmit(this, last.mtu, this.negotiated?.maximumSend ?? last.mtu);
    } else if (type === HANDSHAKE_TYPE.clientHello || type === HANDSHAKE_TYPE.helloRequest) {
      counters.renegotiationsRefused++;
      const before = this.#refusedRenegotiationAt;
      if (before !== undefined && now < before + duplicateInterval) return;
      this.#refusedRenegotiationAt = now;
      this.#sendAlert(ALERT_LEVEL.warning, ALERT.noRenegotiation);
    }
  }

  /** @param unprotected the handshake in which an alert came that anybody could have sent */
  #onAlert(content: Buffer, unprotected?: Handshake): boolean {
    const [level, code] = content;
    if (content.length !== 2 || level === undefined || code === undefined) {
      this.host.counters.malformedRecords++;
      return false;
    }
    this.host.counters.alertsReceived++;
    this.lastAlert = { sent: false, code };
    const isEnd = level === ALERT_LEVEL.fatal || code === ALERT.closeNotify;
    if (unprotected !== undefined) {
      if (isEnd) unprotected.doubt();
    } else if (code === ALERT.closeNotify && this.#state === 'established') this.close('peer-closed');
    else if (isEnd) {
      this.forgetSession();
      this.#end('peer-alert');
    }
    return true;
  }

  /** The newest record came from elsewhere (RFC 9146 6): follow it, at once or after the new address has answered. */
  #onMoved(from: unknown, contentType: number): void {
    if (this.#state !== 'established') return;
    if (this.negotiated?.returnRoutability !== true) {
      this.#move(from);
      this.#unproven = new UnprovenAddress(this.settings.limits.unprovenAddressAllowance);
      return;
    }
    // The answer to a challenge comes from the new address, and is looked at by itself.
    if (contentType === CONTENT_TYPE.returnRoutabilityCheck) return;
    if (this.#pathCheck !== undefined && this.host.samePeer(this.#pathCheck.to, from)) return;
    const { check, challenge } = beginPathCheck(this.host, from, this.settings.limits.pathCheckTimeout);
    const record = this.#sealWithin(CONTENT_TYPE.returnRoutabilityCheck, challenge);
    if (record === undefined) return;
    this.#pathCheck = check;
    this.host.counters.pathChallengesSent++;
    this.schedule();
    this.host.send(this, record, from);
  }

  #onPathMessage(content: Buffer, from: unknown): void {
    const { counters } = this.host;
    if (this.#state !== 'established' || this.negotiated?.returnRoutability !== true) {
      counters.unknownContentTypes++;
      return;
    }
    const check = this.#pathCheck;
    if (check !== undefined && this.host.samePeer(check.to, from) && isPathResponse(content, check.cookie)) {
      this.#pathCheck = undefined;
      this.#move(from);
      return;
    }
    const answer = answerPathChallenge(content);
    if (answer === undefined) return;
    const record = this.#sealWithin(CONTENT_TYPE.returnRoutabilityCheck, answer);
    if (record === undefined) return;
    counters.pathChallengesAnswered++;
    this.host.send(this, record, from);
  }

  #move(from: unknown): void {
    this.peer = from;
    this.host.counters.peersMoved++;
    this.host.onPeerMoved(this, from);
  }

  #sendToPeer(datagram: Buffer): boolean {
    if (this.#unproven?.send(datagram.length) === false) {
      this.host.counters.unprovenAddressRefused++;
      return false;
    }
    this.host.send(this, datagram);
    return true;
  }

  /** Seals unless the keys are used up, which ends the association. */
  #sealWithin(contentType: number, content: Uint8Array): Buffer | undefined {
    const protection = this.#protection;
    if (protection?.hasRoom === true) return this.seal(contentType, content);
    this.#endAtUsageLimit();
    return undefined;
  }

  #endAtUsageLimit(): void {
    this.host.counters.usageLimitsReached++;
    this.close('usage-limit');
  }

  #sendAlert(level: number, code: number): void {
    const content = Buffer.from([level, code]);
    const record =
      this.#writeEpoch === 1
        ? this.seal(CONTENT_TYPE.alert, content)
        : plainRecord(CONTENT_TYPE.alert, this.nextEpochZeroSequence(), content);
    if (record === undefined) return;
    this.host.counters.alertsSent++;
    if (this.#state === 'handshaking') this.lastAlert = { sent: true, code };
    this.#sendToPeer(record);
  }

  /** It has ended, and the host is about to be told. */
  protected onEnd(): void {}

  #end(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'handshaking') this.host.counters.handshakesFailed++;
    this.#state = 'closed';
    this.#handshake?.clear();
    this.#handshake = undefined;
    this.#lastFlight = undefined;
    this.#protection?.leaveRing();
    // Nothing is sealed any more, least of all under keys that are wiped.
    this.#protection = undefined;
    this.onEnd();
    this.host.setTimer(this, undefined);
    this.host.onClosed(this, reason);
  }
}

/** Filled for each record, and read before anybody else could be called. */
const VIEW = new RecordView();
