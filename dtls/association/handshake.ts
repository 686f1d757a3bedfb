import { ALERT } from '../errors.ts';
import type { Flight } from '../handshake/flight.ts';
import { writeFinished } from '../handshake/finished.ts';
import type { HandshakeMessage } from '../handshake/handshake-message.ts';
import { HANDSHAKE_TYPE } from '../handshake/handshake-type.ts';
import type { KeySchedule } from '../handshake/key-schedule.ts';
import { Reassembler } from '../handshake/reassembler.ts';
import { Transcript } from '../handshake/transcript.ts';
import { CONTENT_TYPE } from '../record/record-header.ts';
import type { Association } from './association.ts';
import type { LastFlight } from './last-flight.ts';
import type { Negotiated } from './negotiated.ts';

/** Datagrams shrink to the next of these after repeated time-outs (RFC 6347 4.1.1.1): the least IPv6 and IPv4 networks carry. */
const SMALLER_DATAGRAMS = [1232, 548, 256];

const LARGEST_DATAGRAM = 65_507;

/** Records in epoch 1 that came before their keys. */
interface EarlyRecord {
  readonly record: Buffer;
  readonly from: unknown;
}

/**
 * What the handshakes of servers and clients have in common: messages in order, flights and their retransmission. Dropped as a
 * whole when the association is established.
 */
export abstract class Handshake {
  protected readonly association: Association;
  protected transcript = new Transcript();
  /** message_seq of the next message that we send. */
  protected sendSequence = 0;
  /** Types of messages that may come next; anything else ends the handshake. */
  protected expected: readonly number[];
  /** While something is looked up, messages wait. */
  protected paused = false;
  readonly deadline: number;
  /** Next record sequence number of epoch 0. */
  epochZeroSequence = 0;
  retransmitAt: number = Number.POSITIVE_INFINITY;
  /** Largest content of a record that the peer takes. */
  protected maximumFragment = 16_384;

  readonly #reassembler: Reassembler;
  #flight: Flight | undefined;
  #mtu: number;
  #flightOctets = 0;
  #isWhole = false;
  #timeout = 0;
  #timeouts = 0;
  #duplicateAnswers = 0;
  #sentAt = 0;
  #badRecords = 0;
  /** When an alert without protection is believed. */
  #doubtEndsAt = Number.POSITIVE_INFINITY;
  #early: EarlyRecord[] = [];
  #earlyOctets = 0;
  /** Of messages that were read. */
  #heldOctets = 0;

  constructor(association: Association, expected: readonly number[]) {
    const { host, settings } = association;
    const { limits } = settings;
    this.association = association;
    this.expected = expected;
    this.deadline = host.now() + limits.handshakeTimeout;
    this.#mtu = Math.max(limits.mtu, 128);
    this.#reassembler = new Reassembler(limits, settings.halfOpenMemory, host.counters, 0);
  }

  abstract get clientRandom(): Buffer;

  /** A message of an expected type, in order. */
  protected abstract onMessage(message: HandshakeMessage): void;

  /**
   * Takes the content of a handshake record.
   *
   * @param recordSequence of a record of epoch 0
   * @returns whether it was of use
   */
  receive(content: Buffer, epoch: number, recordSequence = 0): boolean {
    this.onRecord(content, recordSequence);
    let taken = false;
    let repeated = false;
    for (let offset = 0; offset < content.length && this.isActive;) {
      // Finished is the only message under the new keys, and never comes without them.
      if ((content[offset] === HANDSHAKE_TYPE.finished) !== (epoch === 1)) {
        this.association.host.counters.malformedHandshakeMessages++;
        break;
      }
      const next = this.#reassembler.take(content, offset, epoch);
      if (this.#reassembler.verdict === 'repeated') repeated = true;
      if (this.#reassembler.verdict === 'taken') {
        taken = true;
        this.#drain();
      }
      if (next < 0) break;
      offset = next;
    }
    if ((taken || repeated) && this.#isInDoubt) {
      this.#doubtEndsAt = Number.POSITIVE_INFINITY;
      this.association.schedule();
    }
    if (repeated && !taken) this.#onRepeated();
    this.#openEarly();
    return taken || repeated;
  }

  /** When onTimer() is to be called. */
  get dueAt(): number {
    return Math.min(this.deadline, this.#isInDoubt ? this.#doubtEndsAt : this.retransmitAt);
  }

  /**
   * An alert without protection said that the handshake is over. Anybody who guesses two ports can send one (RFC 6347 4.1.2.7 leaves
   * it to us), so it is believed only when the peer is not heard any more for as long as the first retransmission waits. Meanwhile nothing is
   * sent again: to a peer that did send it that would be a new handshake.
   */
  doubt(): void {
    const { host, settings } = this.association;
    host.counters.unprotectedAlerts++;
    if (this.#isInDoubt) return;
    this.#doubtEndsAt = host.now() + settings.limits.initialRetransmission;
    this.association.schedule();
  }

  get #isInDoubt(): boolean {
    return this.#doubtEndsAt !== Number.POSITIVE_INFINITY;
  }

  /** Whatever is due. */
  onTimer(now: number): void {
    if (this.#isInDoubt) {
      if (now >= this.#doubtEndsAt) this.association.endByAlert();
      return;
    }
    const flight = this.#flight;
    if (flight === undefined || now < this.retransmitAt) return;
    const { host, settings } = this.association;
    const { timeoutsBeforeBackOff, maximumRetransmission } = settings.limits;
    this.#timeouts++;
    if (!this.#isWhole && this.#timeouts % Math.max(1, timeoutsBeforeBackOff) === 0) this.#backOff();
    this.#timeout = Math.min(2 * this.#timeout, maximumRetransmission);
    this.retransmitAt = now + this.#timeout;
    host.counters.retransmissions++;
    this.#transmit(flight, now);
  }

  /** Keeps a record of epoch 1 until there are keys. */
  keepEarly(record: Buffer, from: unknown): void {
    const { host, settings } = this.association;
    const full = this.#early.length >= settings.limits.maximumEarlyRecords;
    if (full || !settings.halfOpenMemory.take(record.length)) {
      host.counters.earlyRecordsRefused++;
      return;
    }
    this.#earlyOctets += record.length;
    this.#early.push({ record: Buffer.from(record), from });
  }

  /**
   * A record of epoch 1 did not authenticate. When that goes on the keys are not the same on both sides, and the peer is told so
   * (RFC 4279 2) instead of left to its time-out; once is not enough, as anybody can send such a record.
   */
  onBadRecord(type: number): void {
    if (type !== CONTENT_TYPE.handshake && type !== CONTENT_TYPE.connectionId) return;
    if (++this.#badRecords >= this.association.settings.limits.maximumBadHandshakeRecords)
      this.association.fail(ALERT.decryptError);
  }

  /** Gives back what it holds. */
  clear(): void {
    this.#reassembler.clear();
    this.association.settings.halfOpenMemory.release(this.#earlyOctets + this.#heldOctets);
    this.#earlyOctets = 0;
    this.#heldOctets = 0;
    this.#early = [];
    this.#flight = undefined;
    this.#releaseFlight();
    this.retransmitAt = Number.POSITIVE_INFINITY;
  }

  protected get isActive(): boolean {
    return this.association.state === 'handshaking';
  }

  /** Before the messages of a record are read. */
  protected abstract onRecord(content: Buffer, recordSequence: number): void;

  /** message_seq of the first message that is read. */
  protected startAt(sequence: number): void {
    this.#reassembler.nextSequence = sequence;
  }

  /** Goes on with what was looked up, then with what came meanwhile. Nothing when the handshake has ended. */
  protected resume(step: () => void): void {
    if (!this.isActive) return;
    try {
      step();
    } catch (error) {
      this.#onException(error);
    }
    this.paused = false;
    this.#drain();
    this.#openEarly();
  }

  /**
   * Sends a flight that the peer has to answer, and sends it again until it does.
   *
   * @param isWhole never cut its messages, however small the datagrams: for a ClientHello, which a server that keeps nothing before
   *   the cookie came back can only answer whole
   */
  protected send(flight: Flight, isWhole = false): void {
    const { host, settings } = this.association;
    const now = host.now();
    this.#releaseFlight();
    // Once in the flight, once in the transcript.
    const octets = 2 * flight.octets;
    if (!settings.halfOpenMemory.take(octets)) {
      host.counters.halfOpenMemoryRefused++;
      this.association.fail(ALERT.internalError);
      return;
    }
    this.#flightOctets = octets;
    this.#flight = flight;
    this.#isWhole = isWhole;
    this.#timeout = settings.limits.initialRetransmission;
    this.#timeouts = 0;
    this.#duplicateAnswers = 0;
    this.retransmitAt = now + this.#timeout;
    this.#transmit(flight, now);
    this.association.schedule();
  }

  /** Stops sending the flight again: the peer has it, and the next move is ours. */
  protected stopRetransmission(): void {
    this.#flight = undefined;
    this.retransmitAt = Number.POSITIVE_INFINITY;
    this.association.schedule();
  }

  /** Sends the flight that ends the handshake. */
  protected sendLast(flight: Flight, negotiated: Negotiated): void {
    const now = this.association.host.now();
    this.#isWhole = false;
    this.#transmit(flight, now);
    const lastFlight: LastFlight = {
      flight: flight.compact(),
      mtu: this.#mtu,
      epochZeroSequence: this.epochZeroSequence,
      sentAt: now,
      answers: 0,
      until: now + this.association.settings.limits.lastFlightLifetime,
    };
    this.association.establish(negotiated, lastFlight);
  }

  /** Takes memory until the handshake is over; ends the handshake when there is none. */
  #hold(octets: number): boolean {
    const { host, settings } = this.association;
    if (settings.halfOpenMemory.take(octets)) {
      this.#heldOctets += octets;
      return true;
    }
    host.counters.halfOpenMemoryRefused++;
    this.association.fail(ALERT.internalError);
    return false;
  }

  #releaseFlight(): void {
    this.association.settings.halfOpenMemory.release(this.#flightOctets);
    this.#flightOctets = 0;
  }

  #drain(): void {
    while (this.isActive && !this.paused) {
      const message = this.#reassembler.next();
      if (message === undefined) return;
      if (!this.expected.includes(message.type)) {
        this.association.fail(ALERT.unexpectedMessage);
        return;
      }
      // The transcript keeps it, and of certificates there is a copy as well.
      if (!this.#hold(2 * message.octets.length)) return;
      try {
        this.onMessage(message);
      } catch (error) {
        this.#onException(error);
      }
    }
  }

  /**
   * Something threw that the application gave: a callback, or a key. That ends this handshake, not the process. The exception goes no
   * further, for its message may have a part of the key in it. What listeners throw after the handshake is not ours to take.
   */
  #onException(error: unknown): void {
    if (!this.isActive) throw error;
    this.association.host.counters.handshakeExceptions++;
    this.association.fail(ALERT.internalError);
  }

  #openEarly(): void {
    if (this.#early.length === 0 || !this.association.hasKeys) return;
    const early = this.#early;
    this.#early = [];
    this.association.settings.halfOpenMemory.release(this.#earlyOctets);
    this.#earlyOctets = 0;
    for (const { record, from } of early) this.association.receive(record, from);
  }

  /** The peer sent its last flight again, so it does not have ours (RFC 6347 4.2.4). */
  #onRepeated(): void {
    const flight = this.#flight;
    const { host, settings } = this.association;
    const { duplicateInterval, maximumDuplicateAnswers } = settings.limits;
    const now = host.now();
    if (
      flight === undefined ||
      this.#duplicateAnswers >= maximumDuplicateAnswers ||
      now < this.#sentAt + duplicateInterval
    ) {
      host.counters.duplicatesUnanswered++;
      return;
    }
    this.#duplicateAnswers++;
    host.counters.retransmissionsForDuplicates++;
    this.#transmit(flight, now);
  }

  #transmit(flight: Flight, now: number): void {
    this.#sentAt = now;
    flight.transmit(this.association, this.#isWhole ? LARGEST_DATAGRAM : this.#mtu, this.maximumFragment);
  }

  #backOff(): void {
    const smaller = SMALLER_DATAGRAMS.find((size) => size < this.#mtu);
    if (smaller === undefined) return;
    this.#mtu = smaller;
    this.association.host.counters.pathMtuBackOffs++;
  }

  /** Puts a message into a flight and into the transcript. */
  protected add(flight: Flight, message: Buffer): void {
    this.transcript.add(message);
    flight.message(message);
  }

  /** Ends a flight with ChangeCipherSpec and Finished; what is sent from now on is protected. */
  protected addFinished(flight: Flight, schedule: KeySchedule, sender: 'client' | 'server'): void {
    const message = writeFinished(schedule.verifyData(sender, this.transcript), this.sendSequence++);
    this.transcript.add(message);
    flight.changeCipherSpec().message(message, 1);
    this.association.protectSending();
  }
}

/** What verifies certificates where nothing was given that could: an alert for all of them. */
export function refuseAll(): number {
  return ALERT.unknownCa;
}
