import { hkdfSync } from 'node:crypto';

import { PushError } from '../errors.ts';
import type { PushCipherSuite } from './cipher-suites.ts';

const SALT_OCTETS = 12;

/** The keys of one direction of a NAF SA under one suite. Secret. */
export interface PushLayerKeys {
  readonly key: Buffer;
  /** 12 octets; with the sequence number it makes the nonce. */
  readonly salt: Buffer;
}

/**
 * Keys from a NAF key by HKDF-SHA-256 (RFC 5869), other ones for each direction and suite.
 *
 * @throws PushError OSGATE_PUSH_INVALID_ARGUMENT unless the NAF key has 32 octets
 */
export function derivePushLayerKeys(
  nafKey: Uint8Array,
  suite: PushCipherSuite,
  direction: 'downlink' | 'uplink',
): PushLayerKeys {
  if (nafKey.length !== 32) throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', 'a NAF key has 32 octets');
  const information = `osgate gpl 1 ${direction} ${suite.name}`;
  const octets = Buffer.from(hkdfSync('sha256', nafKey, '', information, suite.keyOctets + SALT_OCTETS));
  return { key: octets.subarray(0, suite.keyOctets), salt: octets.subarray(suite.keyOctets) };
}

/** The nonce of a message: the salt, its last four octets combined with the sequence number as in TLS 1.3 (RFC 8446 5.3). */
export function pushLayerNonce(salt: Buffer, sequenceNumber: number): Buffer {
  const nonce = Buffer.from(salt);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequenceNumber) >>> 0, 8);
  return nonce;
}
