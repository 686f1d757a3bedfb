import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

import { DtlsError } from '../errors.ts';
import type { BulkCipher } from '../suites/bulk-cipher.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { keyBlockLength } from '../suites/secrets.ts';
import {
  CID_OFFSET,
  CONTENT_TYPE,
  MAXIMUM_PLAINTEXT_OCTETS,
  MAXIMUM_SEQUENCE,
  RECORD_HEADER_OCTETS,
  writeRecordHeader,
  writeSequence,
  type RecordView,
} from './record-header.ts';
import { usageLimitsOf, type UsageLimits } from './usage-limits.ts';

export interface RecordProtectionOptions {
  /** The peer's connection identifier: what we send is of type 25 with it (RFC 9146). Empty or undefined for none. */
  readonly sendCid?: Buffer | undefined;
  /** Ours: what the peer sends has to be of type 25 with it. Empty or undefined for none. */
  readonly receiveCid?: Buffer | undefined;
  /** Whether encrypt-then-MAC (RFC 7366) was negotiated, which CBC suites need. */
  readonly encryptThenMac?: boolean;
  /** Those of the cipher by default. */
  readonly limits?: UsageLimits;
}

/**
 * The protection of the records of one epoch, in both directions (RFC 5246 6.2.3, RFC 6347 4.1, RFC 9146). It knows keys and
 * counts their use; sequence numbers, replay and what a record means are its owner's.
 */
export class RecordProtection {
  readonly #bulk: BulkCipher;
  readonly #keys: Buffer;
  readonly #isServer: boolean;
  readonly #sendCid: Buffer | undefined;
  readonly #receiveCid: Buffer | undefined;
  readonly #limits: UsageLimits;
  #sealKey: KeyObject | undefined;
  #openKey: KeyObject | undefined;
  /** Records sealed, and records that did not open, so far. */
  sealed = 0;
  failed = 0;

  /**
   * @param keys the key block (RFC 5246 6.3); kept, not copied
   * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT for keys of another length, and for CBC without encrypt-then-MAC
   */
  constructor(suite: CipherSuite, keys: Buffer, isServer: boolean, options: RecordProtectionOptions = {}) {
    if (keys.length !== keyBlockLength(suite)) {
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
    this.#isServer = isServer;
    this.#sendCid = options.sendCid?.length === 0 ? undefined : options.sendCid;
    this.#receiveCid = options.receiveCid?.length === 0 ? undefined : options.receiveCid;
    this.#limits = options.limits ?? usageLimitsOf(suite.bulk);
  }

  /** Octets that sealing adds to a plaintext, header included. */
  get overhead(): number {
    const { explicitNonceLength, tagLength } = this.#bulk;
    const cid = this.#sendCid === undefined ? 0 : this.#sendCid.length + 1;
    return RECORD_HEADER_OCTETS + cid + explicitNonceLength + tagLength;
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
   * @returns undefined when keys or sequence numbers are used up
   */
  seal(type: number, epoch: number, sequence: number, plaintext: Uint8Array): Buffer | undefined {
    if (this.sealed >= this.#limits.sealed || sequence > MAXIMUM_SEQUENCE) return undefined;
    this.sealed++;
    const cid = this.#sendCid;
    return cid === undefined
      ? this.#sealPlain(type, epoch, sequence, plaintext)
      : this.#sealWithCid(cid, type, epoch, sequence, plaintext);
  }

  /**
   * Opens the record that `view` describes, and sets the view's `contentType` to what it carries.
   *
   * @returns the content, in memory of its own; undefined when the record is not authentic or not in the form that was negotiated
   */
  open(datagram: Buffer, view: RecordView): Buffer | undefined {
    if (this.failed >= this.#limits.failed) return undefined;
    const cid = this.#receiveCid;
    if (cid === undefined ? view.type === CONTENT_TYPE.connectionId : !carries(datagram, view, cid)) return undefined;
    const { explicitNonceLength, tagLength } = this.#bulk;
    const length = view.end - view.fragmentStart - explicitNonceLength - tagLength;
    // One more octet for the type inside a record with a connection identifier, and padding that may follow it.
    if (length < 0 || length > MAXIMUM_PLAINTEXT_OCTETS + (cid === undefined ? 0 : 256)) return undefined;
    const content = this.#openFragment(datagram, view, cid, length);
    if (content === undefined) {
      this.failed++;
      return undefined;
    }
    return cid === undefined ? content : innerContent(content, view);
  }

  #sealPlain(type: number, epoch: number, sequence: number, plaintext: Uint8Array): Buffer {
    const { length } = plaintext;
    const { explicitNonceLength, tagLength } = this.#bulk;
    const fragmentLength = explicitNonceLength + length + tagLength;
    const record = Buffer.allocUnsafe(RECORD_HEADER_OCTETS + fragmentLength);
    writeRecordHeader(record, 0, type, epoch, sequence, fragmentLength);
    writeAdditionalData(type, epoch, sequence, length);
    this.#sealInto(record, RECORD_HEADER_OCTETS, epoch, sequence, AAD, plaintext);
    return record;
  }

  #sealWithCid(cid: Buffer, type: number, epoch: number, sequence: number, plaintext: Uint8Array): Buffer {
    const { explicitNonceLength, tagLength } = this.#bulk;
    const inner = Buffer.allocUnsafe(plaintext.length + 1);
    inner.set(plaintext);
    inner[plaintext.length] = type;
    const fragmentLength = explicitNonceLength + inner.length + tagLength;
    const start = RECORD_HEADER_OCTETS + cid.length;
    const record = Buffer.allocUnsafe(start + fragmentLength);
    writeRecordHeader(record, 0, CONTENT_TYPE.connectionId, epoch, sequence, fragmentLength, cid);
    const aad = writeCidAdditionalData(record, 0, cid.length, inner.length);
    this.#sealInto(record, start, epoch, sequence, aad, inner);
    return record;
  }

  #sealInto(record: Buffer, start: number, epoch: number, sequence: number, aad: Buffer, plaintext: Uint8Array): void {
    const bulk = this.#bulk;
    this.#writeNonce(this.#isServer, epoch, sequence);
    let offset = start;
    if (bulk.explicitNonceLength > 0) {
      writeSequence(record, offset, epoch, sequence);
      offset += bulk.explicitNonceLength;
    }
    const cipher = createCipheriv(
      bulk.algorithm as 'aes-128-gcm',
      (this.#sealKey ??= this.#key(this.#isServer)),
      NONCE,
      OPTIONS[bulk.tagLength],
    );
    cipher.setAAD(aad, bulk.mode === 'ccm' ? { plaintextLength: plaintext.length } : undefined);
    record.set(cipher.update(plaintext), offset);
    cipher.final();
    record.set(cipher.getAuthTag(), offset + plaintext.length);
  }

  #openFragment(datagram: Buffer, view: RecordView, cid: Buffer | undefined, length: number): Buffer | undefined {
    const bulk = this.#bulk;
    let aad: Buffer = AAD;
    if (cid === undefined) writeAdditionalData(view.type, view.epoch, view.sequence, length);
    else aad = writeCidAdditionalData(datagram, view.start, cid.length, length);
    let start = view.fragmentStart;
    this.#writeNonce(!this.#isServer, view.epoch, view.sequence);
    if (bulk.explicitNonceLength > 0) {
      // What the sender chose; only by custom is it epoch and sequence number (RFC 5288 3).
      NONCE.set(datagram.subarray(start, start + bulk.explicitNonceLength), bulk.fixedIvLength);
      start += bulk.explicitNonceLength;
    }
    const decipher = createDecipheriv(
      bulk.algorithm as 'aes-128-gcm',
      (this.#openKey ??= this.#key(!this.#isServer)),
      NONCE,
      OPTIONS[bulk.tagLength],
    );
    decipher.setAuthTag(datagram.subarray(start + length, view.end));
    decipher.setAAD(aad, bulk.mode === 'ccm' ? { plaintextLength: length } : undefined);
    try {
      const content = decipher.update(datagram.subarray(start, start + length));
      decipher.final();
      return content;
    } catch {
      return undefined;
    }
  }

  /** The nonce of a record: for GCM and CCM salt, epoch and sequence; for ChaCha20-Poly1305 those exclusive-or the IV. */
  #writeNonce(ofServer: boolean, epoch: number, sequence: number): void {
    const { macLength, keyLength, fixedIvLength } = this.#bulk;
    const keys = this.#keys;
    const iv = 2 * (macLength + keyLength) + (ofServer ? fixedIvLength : 0);
    writeSequence(NONCE, 4, epoch, sequence);
    for (let index = 0; index < 4; index++) NONCE[index] = keys[iv + index] ?? 0;
    for (let index = 4; index < fixedIvLength; index++) NONCE[index] = (NONCE[index] ?? 0) ^ (keys[iv + index] ?? 0);
  }

  #key(ofServer: boolean): KeyObject {
    const { macLength, keyLength } = this.#bulk;
    const start = 2 * macLength + (ofServer ? keyLength : 0);
    return createSecretKey(this.#keys.subarray(start, start + keyLength));
  }
}

/** Reused for every record: sealing and opening are done before anybody else comes to them. */
const NONCE = Buffer.alloc(12);
const AAD = Buffer.alloc(13);
const CID_AAD = Buffer.alloc(23 + 255);
const CID_AAD_VIEWS = Array.from({ length: 256 }, (_, length) => CID_AAD.subarray(0, 23 + length));

/** By the length of the tag. */
const OPTIONS: readonly ({ readonly authTagLength: number } | undefined)[] = Array.from(
  { length: 17 },
  (_, length) => ({
    authTagLength: length,
  }),
);

/** Epoch, sequence number, type, version, length of the plaintext (RFC 5246 6.2.3.3, RFC 6347 4.1.2.1). */
function writeAdditionalData(type: number, epoch: number, sequence: number, length: number): void {
  writeSequence(AAD, 0, epoch, sequence);
  AAD[8] = type;
  AAD[9] = 0xfe;
  AAD[10] = 0xfd;
  AAD[11] = length >> 8;
  AAD[12] = length & 0xff;
}

/** The additional data of RFC 9146 5.3, from a record whose header is written. @param length of the inner plaintext */
function writeCidAdditionalData(record: Buffer, start: number, cidLength: number, length: number): Buffer {
  for (let index = 0; index < 8; index++) CID_AAD[index] = 0xff;
  CID_AAD[8] = CONTENT_TYPE.connectionId;
  CID_AAD[9] = cidLength;
  // Type, version, epoch, sequence number and identifier, as they stand in the header.
  record.copy(CID_AAD, 10, start, start + CID_OFFSET + cidLength);
  const end = 10 + CID_OFFSET + cidLength;
  CID_AAD[end] = length >> 8;
  CID_AAD[end + 1] = length & 0xff;
  return CID_AAD_VIEWS[cidLength] ?? CID_AAD;
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
