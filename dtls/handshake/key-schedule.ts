import { hash, timingSafeEqual } from 'node:crypto';

import type { CipherSuite } from '../suites/cipher-suite.ts';
import {
  extendedMasterSecret,
  keyBlock,
  keyBlockLength,
  MASTER_SECRET_OCTETS,
  masterSecret,
  verifyData,
} from '../suites/secrets.ts';
import type { Transcript } from './transcript.ts';

export const RANDOM_OCTETS = 32;
const SECRETS_OCTETS = MASTER_SECRET_OCTETS + 2 * RANDOM_OCTETS;

/** The secrets of one handshake, from the premaster secret or from the session that is resumed. */
export class KeySchedule {
  readonly suite: CipherSuite;
  /** Master secret, client random, server random: what outlives the handshake. In one piece of memory with the keys. */
  readonly secrets: Buffer;
  readonly #memory: Buffer;

  private constructor(suite: CipherSuite, master: Buffer, clientRandom: Buffer, serverRandom: Buffer) {
    this.suite = suite;
    this.#memory = Buffer.allocUnsafeSlow(SECRETS_OCTETS + keyBlockLength(suite));
    this.secrets = this.#memory.subarray(0, SECRETS_OCTETS);
    master.copy(this.secrets, 0);
    clientRandom.copy(this.secrets, MASTER_SECRET_OCTETS);
    serverRandom.copy(this.secrets, MASTER_SECRET_OCTETS + RANDOM_OCTETS);
  }

  /** @param transcript through ClientKeyExchange when the extended master secret was agreed on (RFC 7627 4), else undefined */
  static fromPremaster(
    suite: CipherSuite,
    premaster: Buffer,
    clientRandom: Buffer,
    serverRandom: Buffer,
    transcript: Transcript | undefined,
  ): KeySchedule {
    const master =
      transcript === undefined
        ? masterSecret(suite.hash, premaster, clientRandom, serverRandom)
        : extendedMasterSecret(suite.hash, premaster, hashOf(suite, transcript));
    return new KeySchedule(suite, master, clientRandom, serverRandom);
  }

  static fromMaster(suite: CipherSuite, master: Buffer, clientRandom: Buffer, serverRandom: Buffer): KeySchedule {
    return new KeySchedule(suite, master, clientRandom, serverRandom);
  }

  get masterSecret(): Buffer {
    return this.secrets.subarray(0, MASTER_SECRET_OCTETS);
  }

  get clientRandom(): Buffer {
    return this.secrets.subarray(MASTER_SECRET_OCTETS, MASTER_SECRET_OCTETS + RANDOM_OCTETS);
  }

  get serverRandom(): Buffer {
    return this.secrets.subarray(MASTER_SECRET_OCTETS + RANDOM_OCTETS);
  }

  /** Write keys of both sides. */
  keys(): Buffer {
    keyBlock(this.suite, this.masterSecret, this.clientRandom, this.serverRandom).copy(this.#memory, SECRETS_OCTETS);
    return this.#memory.subarray(SECRETS_OCTETS);
  }

  /** What the Finished of `sender` says after the messages of the transcript (RFC 5246 7.4.9). */
  verifyData(sender: 'client' | 'server', transcript: Transcript): Buffer {
    return verifyData(this.suite.hash, this.masterSecret, sender, hashOf(this.suite, transcript));
  }

  /** Whether the body of a Finished is right, in constant time. */
  verifies(sender: 'client' | 'server', transcript: Transcript, body: Buffer): boolean {
    const expected = this.verifyData(sender, transcript);
    return body.length === expected.length && timingSafeEqual(body, expected);
  }
}

/** As a string the result costs a quarter of what it costs as a Buffer of its own. */
function hashOf(suite: CipherSuite, transcript: Transcript): Buffer {
  return Buffer.from(hash(suite.hash, transcript.octets, 'binary'), 'latin1');
}
