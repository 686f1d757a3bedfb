import { hash, timingSafeEqual } from 'node:crypto';

import { AssociationSecrets, type SecretParts } from '../suites/association-secrets.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { extendedMasterSecret, keyBlock, keyBlockLength, masterSecret, verifyData } from '../suites/secrets.ts';
import type { Transcript } from './transcript.ts';

/** The secrets of one handshake, from the premaster secret or from the session that is resumed. */
export class KeySchedule {
  readonly suite: CipherSuite;
  /** They outlive the handshake. */
  readonly secrets: AssociationSecrets;

  private constructor(suite: CipherSuite, parts: SecretParts) {
    this.suite = suite;
    this.secrets = new AssociationSecrets(parts, keyBlockLength(suite));
    const { masterSecret: master, clientRandom, serverRandom } = parts;
    keyBlock(suite, master, clientRandom, serverRandom).copy(this.secrets.keys);
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
    return new KeySchedule(suite, { masterSecret: master, clientRandom, serverRandom });
  }

  static fromMaster(suite: CipherSuite, master: Buffer, clientRandom: Buffer, serverRandom: Buffer): KeySchedule {
    return new KeySchedule(suite, { masterSecret: master, clientRandom, serverRandom });
  }

  /** What the Finished of `sender` says after the messages of the transcript (RFC 5246 7.4.9). */
  verifyData(sender: 'client' | 'server', transcript: Transcript): Buffer {
    return verifyData(this.suite.hash, this.secrets.masterSecret, sender, hashOf(this.suite, transcript));
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
