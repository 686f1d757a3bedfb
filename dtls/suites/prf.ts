import type { PrfHash } from './cipher-suite.ts';
import { Hmac } from './hmac.ts';

/**
 * The pseudorandom function of TLS 1.2: P_hash over label and seed (RFC 5246 5).
 *
 * @param secret any number of octets
 * @param label ASCII
 * @param length octets of the result, which has memory of its own
 */
export function prf(hash: PrfHash, secret: Uint8Array, label: string, seed: Buffer, length: number): Buffer {
  const hmac = HMACS[hash];
  hmac.setKey(secret);
  const head = hmac.length;
  const labelAndSeed = label.length + seed.length;
  // A(i) with label and seed behind it; A(0) is label and seed alone.
  const message = hmac.message(head + labelAndSeed);
  message.write(label, head, 'latin1');
  seed.copy(message, head + label.length);
  message.copyWithin(0, head);
  hmac.finish(labelAndSeed, A, 0);
  message.write(label, head, 'latin1');
  seed.copy(message, head + label.length);

  const result = Buffer.alloc(length);
  for (let offset = 0; offset < length; offset += head) {
    A.copy(message, 0, 0, head);
    hmac.finish(head + labelAndSeed, BLOCK, 0);
    BLOCK.copy(result, offset, 0, head);
    if (offset + head < length) hmac.finish(head, A, 0);
  }
  // What is left in place must not outlive its use.
  A.fill(0);
  BLOCK.fill(0);
  message.fill(0);
  hmac.setKey(NO_KEY);
  return result;
}

/** Used again for every call: nobody else comes to them before it has returned. */
const HMACS = { sha256: new Hmac('sha256', Buffer.alloc(0)), sha384: new Hmac('sha384', Buffer.alloc(0)) };
const A = Buffer.alloc(48);
const BLOCK = Buffer.alloc(48);
const NO_KEY = Buffer.alloc(0);
