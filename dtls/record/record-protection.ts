import { createSecretKey, type KeyObject } from 'node:crypto';

import { DtlsError } from '../errors.ts';
import type { BulkCipher } from '../suites/bulk-cipher.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { keyBlockLength } from '../suites/secrets.ts';
import { additionalData, cidAdditionalData } from './additional-data.ts';
import { openingNonce, sealingNonce } from './aead-nonce.ts';
import { BLOCK_OCTETS, cbcLength, decryptCbc, encryptCbc, isMac, writeMac } from './cbc-fragment.ts';
import { KeyRing, type KeyHolder } from './key-ring.ts';
import { openByNode, sealByNode } from './node-aead.ts';
import type { OpensslAead } from './openssl-aead.ts';
import {
  CID_OFFSET,
  CONTENT_TYPE,
  MAXIMUM_PLAINTEXT_OCTETS,
  MAXIMUM_SEQUENCE,
  RECORD_HEADER_OCTETS,
  writeRecordHeader,
  type RecordView,
} from './record-header.ts';
import { usageLimitsOf, type UsageLimits } from './usage-limits.ts';

export interface RecordProtectionOptions {
  /** Where the key block begins among the octets that hold it; 0 by default. */
  readonly keysStart?: number;
  /** The peer's connection identifier: what we send is of type 25 with it (RFC 9146). Empty or undefined for none. */
  readonly sendCid?: Buffer | undefined;
  /** Ours: what the peer sends has to be of type 25 with it. Empty or undefined for none. */
  readonly receiveCid?: Buffer | undefined;
  /** Whether encrypt-then-MAC (RFC 7366) was negotiated, which CBC suites need. */
  readonly encryptThenMac?: boolean;
  /** Those of the cipher by default. */
  readonly limits?: UsageLimits | undefined;
  /** Who may keep KeyObjects; one of 1024 holders for the process by default. */
  readonly keyRing?: KeyRing | undefined;
  /** What AEAD is done by where it can; node:crypto alone where absent. */
  readonly openssl?: OpensslAead | undefined;
}

/**
 * The protection of the records of one epoch, in both directions (RFC 5246 6.2.3, RFC 6347 4.1, RFC 9146). It knows keys and
 * counts their use; sequence numbers, replay and what a record means are its owner's.
 */
export class RecordProtection implements KeyHolder {
  /** Records sealed, and records that did not open, so far. */
  sealed = 0;
  failed = 0;
  ringPlace = -1;
  readonly #bulk: BulkCipher;
  readonly #keys: Buffer;
  readonly #keysStart: number;
  readonly #isServer: boolean;
  readonly #sendCid: Buffer | undefined;
  readonly #receiveCid: Buffer | undefined;
  readonly #limits: UsageLimits;
  readonly #keyRing: KeyRing;
  readonly #openssl: OpensslAead | undefined;
  #sealKey: KeyObject | undefined;
  #openKey: KeyObject | undefined;

  /**
   * @param keys holds the key block (RFC 5246 6.3), perhaps among other things; kept, not copied
   * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT for too few of them, and for CBC without encrypt-then-MAC
   */
  constructor(suite: CipherSuite, keys: Buffer, isServer: boolean, options: RecordProtectionOptions = {}) {
    const { keysStart = 0 } = options;
    if (keys.length < keysStart + keyBlockLength(suite)) {
      throw new DtlsError(
        'OSGATE_DTLS_INVALID_ARGUMENT',
        `${suite.name} needs ${keyBlockLength(suite)} octets of keys`,
      );
    }
    if (suite.bulk.mode === 'cbc' && options.encryptThenMac !== true) {
      throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', `${suite.name} needs encrypt-then-MAC`);
    }
    this.#bulk = suite.bulk;
    this.#keys = keys;
    this.#keysStart = keysStart;
    this.#isServer = isServer;
    this.#sendCid = options.sendCid?.length === 0 ? undefined : options.sendCid;
    this.#receiveCid = options.receiveCid?.length === 0 ? undefined : options.receiveCid;
    this.#limits = options.limits ?? usageLimitsOf(suite.bulk);
    this.#keyRing = options.keyRing ?? KEY_RING;
    this.#openssl = options.openssl;
  }

  /** The most octets that sealing adds to a plaintext, header included. */
  get overhead(): number {
    const { explicitNonceLength, tagLength, macLength, mode } = this.#bulk;
    const cid = this.#sendCid === undefined ? 0 : this.#sendCid.length + 1;
    const padding = mode === 'cbc' ? BLOCK_OCTETS : 0;
    return RECORD_HEADER_OCTETS + cid + explicitNonceLength + tagLength + macLength + padding;
  }

  /** Whether a record may still be sealed, with one left for the alert that says so when no more may. */
  get hasRoom(): boolean {
    return this.sealed < this.#limits.sealed - 1;
  }

  /** Whether the keys were used as often as they may be: the association is to be closed (RFC 9147 4.5.3). */
  get exhausted(): boolean {
    return this.sealed >= this.#limits.sealed || this.failed >= this.#limits.failed;
  }

  /**
   * Makes a whole record, ready to be sent.
   *
   * @param type what `plaintext` is, from CONTENT_TYPE
   * @param sequence never used before in this epoch
   * @param plaintext at most 16384 octets
   * @returns undefined when keys or sequence numbers are used up, and for a plaintext that is too long
   */
  seal(type: number, epoch: number, sequence: number, plaintext: Uint8Array): Buffer | undefined {
    if (this.sealed >= this.#limits.sealed || sequence > MAXIMUM_SEQUENCE) return undefined;
    if (plaintext.length > MAXIMUM_PLAINTEXT_OCTETS) return undefined;
    this.sealed++;
    const cid = this.#sendCid;
    if (cid === undefined) return this.#seal(type, epoch, sequence, plaintext, undefined);
    const inner = Buffer.allocUnsafe(plaintext.length + 1);
    inner.set(plaintext);
    inner[plaintext.length] = type;
    return this.#seal(CONTENT_TYPE.connectionId, epoch, sequence, inner, cid);
  }

  /**
   * Opens the record that `view` describes, and sets the view's `contentType` to what it carries.
   *
   * @returns the content, in memory of its own; undefined when the record is not authentic or not in the form that was negotiated
   */
  open(datagram: Buffer, view: RecordView): Buffer | undefined {
    if (this.failed >= this.#limits.failed) return undefined;
    const cid = this.#receiveCid;
    // Not a failure to open: whoever sends without the identifier has nothing of ours to forge (RFC 9146 6).
    if (cid === undefined ? view.type === CONTENT_TYPE.connectionId : !carries(datagram, view, cid)) return undefined;
    const content = this.#bulk.mode === 'cbc' ? this.#openCbc(datagram, view) : this.#openAead(datagram, view);
    if (content === undefined) {
      this.failed++;
      return undefined;
    }
    if (cid !== undefined) return innerContent(content, view);
    return content.length > MAXIMUM_PLAINTEXT_OCTETS ? undefined : content;
  }

  /** Lets the KeyObjects go; the keys themselves stay. */
  releaseKeys(): void {
    this.#sealKey = undefined;
    this.#openKey = undefined;
  }

  /** Lets the KeyObjects go before others need the room; new ones are made when records come. */
  leaveRing(): void {
    this.releaseKeys();
    this.#keyRing.leave(this);
  }

  #seal(type: number, epoch: number, sequence: number, plaintext: Uint8Array, cid: Buffer | undefined): Buffer {
    const bulk = this.#bulk;
    const { length } = plaintext;
    const isCbc = bulk.mode === 'cbc';
    const fragment = isCbc ? cbcLength(length) + bulk.macLength : bulk.explicitNonceLength + length + bulk.tagLength;
    const start = RECORD_HEADER_OCTETS + (cid === undefined ? 0 : cid.length);
    const record = Buffer.allocUnsafe(start + fragment);
    writeRecordHeader(record, 0, type, epoch, sequence, fragment, cid);
    const covered = isCbc ? cbcLength(length) : length;
    const aad =
      cid === undefined
        ? additionalData(type, epoch, sequence, covered)
        : cidAdditionalData(record, 0, cid.length, covered);
    if (isCbc) this.#sealCbc(this.#keyToSeal(sequence), record, start, aad, plaintext);
    else this.#sealAead(record, start, epoch, sequence, aad, plaintext);
    return record;
  }

  #sealAead(record: Buffer, start: number, epoch: number, sequence: number, aad: Buffer, plaintext: Uint8Array): void {
    const bulk = this.#bulk;
    const keys = this.#keys;
    const nonce = sealingNonce(bulk, keys, this.#ivStart(this.#isServer), record, start, epoch, sequence);
    const offset = start + bulk.explicitNonceLength;
    const keyStart = this.#keyStart(this.#isServer);
    if (this.#openssl?.seal(bulk, keys, keyStart, nonce, aad, plaintext, record, offset) === true) return;
    sealByNode(bulk, this.#keyToSeal(sequence), nonce, aad, plaintext, record, offset);
  }

  #sealCbc(key: KeyObject, record: Buffer, start: number, aad: Buffer, plaintext: Uint8Array): void {
    const { mac } = this.#bulk;
    const sealed = encryptCbc(this.#bulk, key, record.subarray(3, CID_OFFSET), plaintext);
    record.set(sealed, start);
    if (mac !== undefined) writeMac(mac, this.#macKey(this.#isServer), aad, sealed, record, start + sealed.length);
  }

  #openAead(datagram: Buffer, view: RecordView): Buffer | undefined {
    const bulk = this.#bulk;
    const { epoch, sequence, fragmentStart, end } = view;
    const length = end - fragmentStart - bulk.explicitNonceLength - bulk.tagLength;
    if (length < 0) return undefined;
    const aad = aadOf(datagram, view, length);
    const keys = this.#keys;
    const nonce = openingNonce(bulk, keys, this.#ivStart(!this.#isServer), datagram, fragmentStart, epoch, sequence);
    const offset = fragmentStart + bulk.explicitNonceLength;
    const keyStart = this.#keyStart(!this.#isServer);
    if (this.#openssl !== undefined) {
      const content = this.#openssl.open(bulk, keys, keyStart, nonce, aad, datagram, offset, length);
      if (content !== false) return content;
    }
    return openByNode(bulk, this.#keyToOpen(sequence), nonce, aad, datagram, offset, length);
  }

  #openCbc(datagram: Buffer, view: RecordView): Buffer | undefined {
    const { mac, macLength } = this.#bulk;
    const end = view.end - macLength;
    if (mac === undefined || end - view.fragmentStart < 2 * BLOCK_OCTETS) return undefined;
    const sealed = datagram.subarray(view.fragmentStart, end);
    const aad = aadOf(datagram, view, sealed.length);
    if (!isMac(mac, this.#macKey(!this.#isServer), aad, sealed, datagram.subarray(end, view.end))) return undefined;
    return decryptCbc(this.#bulk, this.#keyToOpen(view.sequence), sealed);
  }

  #keyToSeal(sequence: number): KeyObject {
    if (this.#sealKey !== undefined) return this.#sealKey;
    const key = this.#makeKey(this.#isServer);
    if (sequence < FIRST_WITH_KEPT_KEY) return key;
    if (this.#openKey === undefined) this.#keyRing.enter(this);
    this.#sealKey = key;
    return key;
  }

  #keyToOpen(sequence: number): KeyObject {
    if (this.#openKey !== undefined) return this.#openKey;
    const key = this.#makeKey(!this.#isServer);
    if (sequence < FIRST_WITH_KEPT_KEY) return key;
    if (this.#sealKey === undefined) this.#keyRing.enter(this);
    this.#openKey = key;
    return key;
  }

  #makeKey(ofServer: boolean): KeyObject {
    const start = this.#keyStart(ofServer);
    return createSecretKey(this.#keys.subarray(start, start + this.#bulk.keyLength));
  }

  /** In the order of RFC 5246 6.3: MAC keys, keys, IVs, the client's before the server's. */
  #keyStart(ofServer: boolean): number {
    const { macLength, keyLength } = this.#bulk;
    return this.#keysStart + 2 * macLength + (ofServer ? keyLength : 0);
  }

  #macKey(ofServer: boolean): Buffer {
    const { macLength } = this.#bulk;
    const start = this.#keysStart + (ofServer ? macLength : 0);
    return this.#keys.subarray(start, start + macLength);
  }

  #ivStart(ofServer: boolean): number {
    const { macLength, keyLength, fixedIvLength } = this.#bulk;
    return this.#keysStart + 2 * (macLength + keyLength) + (ofServer ? fixedIvLength : 0);
  }
}

/**
 * Sequence number of the first record whose KeyObject is kept. An association that has said no more than its Finished and a word may say
 * nothing for an hour.
 */
const FIRST_WITH_KEPT_KEY = 2;

/** That of all protections to which none is given. */
const KEY_RING = new KeyRing();

function aadOf(datagram: Buffer, view: RecordView, length: number): Buffer {
  return view.type === CONTENT_TYPE.connectionId
    ? cidAdditionalData(datagram, view.start, view.cidLength, length)
    : additionalData(view.type, view.epoch, view.sequence, length);
}

/** Whether a record is of type 25 and carries that connection identifier. */
function carries(datagram: Buffer, view: RecordView, cid: Buffer): boolean {
  if (view.type !== CONTENT_TYPE.connectionId || view.cidLength !== cid.length) return false;
  const start = view.start + CID_OFFSET;
  for (let index = 0; index < cid.length; index++) if (datagram[start + index] !== cid[index]) return false;
  return true;
}

/** Content without the zeros and the type behind it (RFC 9146 4); undefined when there is no type. */
function innerContent(inner: Buffer, view: RecordView): Buffer | undefined {
  let end = inner.length - 1;
  while (end >= 0 && inner[end] === 0) end--;
  if (end < 0 || end > MAXIMUM_PLAINTEXT_OCTETS) return undefined;
  view.contentType = inner[end] ?? 0;
  return inner.subarray(0, end);
}
