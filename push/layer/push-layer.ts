import { PushError } from '../errors.ts';
import { AES_128_GCM, type PushCipherSuite } from './cipher-suites.ts';
import { derivePushLayerKeys, pushLayerNonce, type PushLayerKeys } from './push-layer-keys.ts';
import { formatPushLayerHeader, parsePushLayerMessage, type PushLayerMessage } from './push-layer-message.ts';
import {
  formatSecurityAssociationId,
  requireSecurityAssociationId,
  type SecurityAssociationId,
} from './security-association-id.ts';

/** Why a message was not opened. */
export type PushLayerFailure =
  /** It is no message of the push layer. */
  | 'malformed'
  /** It is for another NAF SA. */
  | 'other-association'
  /** The MAC does not fit: an octet was changed, or the key is another. */
  | 'forged'
  /** Its sequence number is not above the highest that was seen. */
  | 'replayed';

export type PushLayerOpening =
  | { readonly ok: true; readonly text: Buffer; readonly sequenceNumber: number }
  | { readonly ok: false; readonly failure: PushLayerFailure };

const MAXIMUM_SEQUENCE_NUMBER = 0xffff_ffff;

/**
 * Numbers and seals the messages of one direction of a NAF SA (TS 33.224: SN).
 *
 * Whoever restarts must go on above the last number that was sent: `next` is to be kept before a message goes out.
 */
export class PushLayerSender {
  readonly #suite: PushCipherSuite;
  readonly #association: SecurityAssociationId;
  readonly #keys: PushLayerKeys;
  #next: number;

  /** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a key or a name of wrong size */
  constructor(options: {
    readonly association: SecurityAssociationId;
    /** 32 octets. */
    readonly nafKey: Uint8Array;
    /** Default AES_128_GCM. */
    readonly suite?: PushCipherSuite;
    /** The number of the first message; default 1. */
    readonly next?: number;
  }) {
    requireSecurityAssociationId(options.association);
    this.#suite = options.suite ?? AES_128_GCM;
    this.#association = options.association;
    this.#keys = derivePushLayerKeys(options.nafKey, this.#suite, options.association.direction);
    this.#next = options.next ?? 1;
  }

  /** The number that the next message gets. */
  get next(): number {
    return this.#next;
  }

  /** @throws PushError OSGATE_PUSH_SEQUENCE_EXHAUSTED after 2^32 - 1 messages */
  seal(text: Uint8Array): Buffer {
    if (this.#next > MAXIMUM_SEQUENCE_NUMBER) {
      throw new PushError('OSGATE_PUSH_SEQUENCE_EXHAUSTED', 'the NAF SA has no sequence number left');
    }
    const sequenceNumber = this.#next++;
    const header = formatPushLayerHeader(this.#suite, this.#association, sequenceNumber);
    const nonce = pushLayerNonce(this.#keys.salt, sequenceNumber);
    return Buffer.concat([header, this.#suite.seal(this.#keys.key, nonce, header, text)]);
  }
}

/** Opens the messages of one direction of a NAF SA, each number once and in rising order (TS 33.224: SN_h). */
export class PushLayerReceiver {
  readonly #association: SecurityAssociationId;
  readonly #name: string;
  readonly #nafKey: Uint8Array;
  readonly #keys = new Map<PushCipherSuite, PushLayerKeys>();
  #highest: number;

  /** @throws PushError OSGATE_PUSH_INVALID_ARGUMENT for a name of wrong size */
  constructor(options: {
    readonly association: SecurityAssociationId;
    /** 32 octets. */
    readonly nafKey: Uint8Array;
    /** SN_h: the highest number that was opened before; default 0. */
    readonly highest?: number;
  }) {
    requireSecurityAssociationId(options.association);
    this.#association = options.association;
    this.#name = formatSecurityAssociationId(options.association);
    this.#nafKey = options.nafKey;
    this.#highest = options.highest ?? 0;
  }

  /** SN_h, to be kept before the message is given on. */
  get highest(): number {
    return this.#highest;
  }

  open(octets: Uint8Array): PushLayerOpening {
    const message = parsePushLayerMessage(octets);
    if (message === undefined) return { ok: false, failure: 'malformed' };
    return this.openParsed(message);
  }

  /** As {@link PushLayerReceiver.open}, for a message that was parsed to find its NAF SA. */
  openParsed(message: PushLayerMessage): PushLayerOpening {
    const { suite, association, sequenceNumber, header, sealed } = message;
    if (
      association.direction !== this.#association.direction ||
      formatSecurityAssociationId(association) !== this.#name
    ) {
      return { ok: false, failure: 'other-association' };
    }
    const { key, salt } = this.#keysOf(suite);
    const text = suite.open(key, pushLayerNonce(salt, sequenceNumber), header, sealed);
    if (text === undefined) return { ok: false, failure: 'forged' };
    // Only now: a forged message must not tell which numbers were seen, nor move them.
    if (sequenceNumber <= this.#highest) return { ok: false, failure: 'replayed' };
    this.#highest = sequenceNumber;
    return { ok: true, text, sequenceNumber };
  }

  #keysOf(suite: PushCipherSuite): PushLayerKeys {
    let keys = this.#keys.get(suite);
    if (keys === undefined) {
      keys = derivePushLayerKeys(this.#nafKey, suite, this.#association.direction);
      this.#keys.set(suite, keys);
    }
    return keys;
  }
}
