import { createCipheriv, createHmac, type CipherGCMTypes } from 'node:crypto';

import type { CipherSuite } from '../../../dtls/suites/cipher-suite.ts';

/** Which record, and how it is numbered. */
export interface ReferenceRecord {
  readonly suite: CipherSuite;
  readonly keys: Buffer;
  readonly fromServer: boolean;
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly content: Buffer;
  readonly cid?: Buffer | undefined;
  /** Zeros behind the type of a record with a connection identifier. */
  readonly padding?: number;
  /** The explicit nonce, or the IV of CBC. */
  readonly nonce: Buffer;
}

/** Makes a record the slow way, in the order in which RFC 5246 6.2.3, RFC 7366 3, RFC 7905 2 and RFC 9146 4 and 5 tell it. */
export function referenceRecord(record: ReferenceRecord): Buffer {
  const { suite, keys, fromServer, type, epoch, sequence, content, cid, padding = 0, nonce } = record;
  const { algorithm, keyLength, fixedIvLength, tagLength, macLength, mode, mac } = suite.bulk;
  const parts: Buffer[] = [];
  let offset = 0;
  for (const length of [macLength, macLength, keyLength, keyLength, fixedIvLength, fixedIvLength]) {
    parts.push(keys.subarray(offset, offset + length));
    offset += length;
  }
  const [macKey, key, iv] = fromServer ? [parts[1], parts[3], parts[5]] : [parts[0], parts[2], parts[4]];
  if (macKey === undefined || key === undefined || iv === undefined) throw new Error('no keys');

  const number = Buffer.alloc(8);
  number.writeBigUInt64BE((BigInt(epoch) << 48n) | BigInt(sequence));
  const version = Buffer.from('fefd', 'hex');
  const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
  const plaintext = cid === undefined ? content : Buffer.concat([content, Buffer.from([type]), Buffer.alloc(padding)]);
  const aad = (length: number): Buffer =>
    cid === undefined
      ? Buffer.concat([number, Buffer.from([type]), version, uint16(length)])
      : Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from([25, cid.length, 25]), version, number, cid, uint16(length)]);

  let fragment: Buffer;
  if (mode === 'cbc') {
    const pad = 15 - (plaintext.length % 16);
    const cipher = createCipheriv(algorithm, key, nonce).setAutoPadding(false);
    const sealed = Buffer.concat([nonce, cipher.update(Buffer.concat([plaintext, Buffer.alloc(pad + 1, pad)]))]);
    const code = createHmac(mac ?? '', macKey)
      .update(aad(sealed.length))
      .update(sealed)
      .digest();
    fragment = Buffer.concat([sealed, code]);
  } else {
    const fullNonce =
      mode === 'chacha20-poly1305'
        ? Buffer.concat([Buffer.alloc(4), number]).map((octet, index) => octet ^ (iv[index] ?? 0))
        : Buffer.concat([iv, nonce]);
    const options = { authTagLength: tagLength };
    const cipher = createCipheriv(algorithm as CipherGCMTypes, key, fullNonce, options);
    cipher.setAAD(aad(plaintext.length), { plaintextLength: plaintext.length });
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    fragment = mode === 'chacha20-poly1305' ? sealed : Buffer.concat([nonce, sealed]);
  }
  const outerType = Buffer.from([cid === undefined ? type : 25]);
  return Buffer.concat([outerType, version, number, cid ?? Buffer.alloc(0), uint16(fragment.length), fragment]);
}
