import type { Duplex } from 'node:stream';

import type { Clock } from '../../dispatch/clock.ts';
import { ESME_RINVBNDSTS, ESME_RINVCMDID, ESME_RINVPARLEN, ESME_ROK } from './command-status.ts';
import { PduFramer } from './pdu-framer.ts';
import { formatPdu, isResponse, parsePdu, type SmppField, type SmppPdu } from './smpp-pdu.ts';

export type SmppFields = Readonly<Record<string, SmppField>>;

export interface SmppSessionSettings {
  /** The longest PDU that is read, with its header. */
  readonly maximumPduOctets: number;
  /** Octets that the SMSC has not taken yet; more of them end the session. */
  readonly maximumUnsentOctets: number;
  /** How long a response may take. */
  readonly responseTimeoutMilliseconds: number;
  /** Between two enquire_link; one that is not answered ends the session. */
  readonly enquireLinkMilliseconds: number;
}

export interface SmppSessionOptions {
  /** Connected. */
  readonly stream: Duplex;
  readonly settings: SmppSessionSettings;
  readonly clock: Clock;
  readonly counters: SmppSessionCounters;
  /** Gives the command_status that the SMSC is answered with. */
  readonly onDeliver: (fields: SmppFields) => number;
  /** Called once; after that the session is of no use. */
  readonly onEnd: (reason: SmppEnd) => void;
}

export interface SmppSessionCounters {
  /** PDUs that cannot be read. */
  malformed: number;
  /** Responses to nothing, or of another command. */
  unexpected: number;
  responseTimeouts: number;
}

/** Why a session ended. */
export type SmppEnd =
  | 'closed'
  | 'closed-by-peer'
  | 'connection-error'
  /** A command_length that cannot be. */
  | 'framing'
  | 'no-answer'
  | 'peer-does-not-read'
  | 'unbound-by-peer';

/** A response, or why there is none. */
export type SmppOutcome = SmppPdu | 'timeout' | 'ended' | 'malformed';

interface Outstanding {
  readonly command: string;
  readonly done: (outcome: SmppOutcome) => void;
  readonly cancel: () => void;
}

const LAST_SEQUENCE = 0x7fff_ffff;

/** In command_id: a response (SMPP 3.4 5.1.2.1). */
const RESPONSE_BIT = 0x80;

/** One connection to an SMSC: requests and their responses, keep-alive, and whatever octets the other side sends. */
export class SmppSession {
  readonly #options: SmppSessionOptions;
  readonly #framer: PduFramer;
  readonly #outstanding = new Map<number, Outstanding>();
  #sequence = 0;
  #bound = false;
  #ended = false;
  #cancelEnquiry: (() => void) | undefined;

  constructor(options: SmppSessionOptions) {
    this.#options = options;
    this.#framer = new PduFramer(options.settings.maximumPduOctets);
    const { stream } = options;
    stream.on('data', this.#receive);
    stream.on('error', () => {
      this.end('connection-error');
    });
    stream.on('close', () => {
      this.end('closed-by-peer');
    });
    stream.on('end', () => {
      this.end('closed-by-peer');
    });
  }

  /** Requests without a response yet. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** The bind was answered: what the SMSC delivers is taken from now on. */
  bound(): void {
    this.#bound = true;
    this.#enquireLater();
  }

  /** `done` is called once, and before anything that comes after the response is read. */
  request(command: string, fields: SmppFields, done: (outcome: SmppOutcome) => void): void {
    if (this.#ended) {
      done('ended');
      return;
    }
    const { clock, settings, counters } = this.#options;
    const sequence = this.#nextSequence();
    const cancel = clock.after(settings.responseTimeoutMilliseconds, () => {
      counters.responseTimeouts++;
      this.#outstanding.delete(sequence);
      done('timeout');
    });
    this.#outstanding.set(sequence, { command, done, cancel });
    this.#send({ command, status: ESME_ROK, sequence, fields });
  }

  end(reason: SmppEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelEnquiry?.();
    this.#options.stream.destroy();
    const outstanding = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { cancel, done } of outstanding) {
      cancel();
      done('ended');
    }
    this.#options.onEnd(reason);
  }

  #nextSequence(): number {
    do this.#sequence = this.#sequence === LAST_SEQUENCE ? 1 : this.#sequence + 1;
    while (this.#outstanding.has(this.#sequence));
    return this.#sequence;
  }

  #enquireLater(): void {
    const { clock, settings } = this.#options;
    this.#cancelEnquiry = clock.after(settings.enquireLinkMilliseconds, () => {
      this.request('enquire_link', {}, (outcome) => {
        if (outcome === 'timeout') this.end('no-answer');
        else if (!this.#ended) this.#enquireLater();
      });
    });
  }

  #send(pdu: SmppPdu): void {
    if (this.#ended) return;
    const { stream, settings } = this.#options;
    stream.write(formatPdu(pdu));
    if (stream.writableLength > settings.maximumUnsentOctets) this.end('peer-does-not-read');
  }

  readonly #receive = (chunk: Buffer): void => {
    if (this.#ended) return;
    if (!this.#framer.add(chunk, this.#read)) this.end('framing');
  };

  readonly #read = (octets: Buffer): void => {
    if (this.#ended) return;
    const pdu = parsePdu(octets);
    if (pdu === undefined) this.#readMalformed(octets);
    else if (isResponse(pdu)) this.#answered(pdu.sequence, pdu);
    else this.#serve(pdu);
  };

  #readMalformed(octets: Buffer): void {
    this.#options.counters.malformed++;
    const sequence = octets.readUInt32BE(12);
    if (octets.readUInt8(4) >= RESPONSE_BIT) this.#answered(sequence, 'malformed');
    else this.#respond('generic_nack', sequence, ESME_RINVPARLEN);
  }

  #answered(sequence: number, outcome: SmppPdu | 'malformed'): void {
    const request = this.#outstanding.get(sequence);
    const fits =
      outcome === 'malformed' || outcome.command === 'generic_nack' || outcome.command === `${request?.command}_resp`;
    if (request === undefined || !fits) {
      this.#options.counters.unexpected++;
      return;
    }
    this.#outstanding.delete(sequence);
    request.cancel();
    request.done(outcome);
  }

  #serve({ command, sequence, fields }: SmppPdu): void {
    switch (command) {
      case 'enquire_link':
        this.#respond('enquire_link_resp', sequence);
        return;
      case 'deliver_sm':
        this.#respond('deliver_sm_resp', sequence, this.#bound ? this.#options.onDeliver(fields) : ESME_RINVBNDSTS);
        return;
      case 'unbind':
        this.#respond('unbind_resp', sequence);
        this.end('unbound-by-peer');
        return;
      // These have no responses (SMPP 3.4 4.1.7, 4.12).
      case 'outbind':
      case 'alert_notification':
        return;
      default:
        this.#respond('generic_nack', sequence, ESME_RINVCMDID);
    }
  }

  #respond(command: string, sequence: number, status = ESME_ROK): void {
    this.#send({ command, status, sequence, fields: {} });
  }
}
