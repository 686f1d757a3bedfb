/** Enough for a handshake with a pre-shared key. */
const FIRST_OCTETS = 512;

/**
 * The handshake messages so far, one after the other with their headers, as verify_data, the extended master secret and
 * CertificateVerify take them (RFC 6347 4.2.6). Kept as octets rather than as a running hash: the hash depends on a suite that
 * is not known at first, CertificateVerify signs the octets, and hashing a kilobyte at once costs less than a hash object does.
 */
export class Transcript {
  #octets: Buffer = Buffer.allocUnsafe(FIRST_OCTETS);
  #length = 0;

  add(message: Buffer): void {
    const length = this.#length + message.length;
    if (length > this.#octets.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.#octets.length, length));
      this.#octets.copy(grown, 0, 0, this.#length);
      this.#octets = grown;
    }
    message.copy(this.#octets, this.#length);
    this.#length = length;
  }

  /** Valid until the next add(). */
  get octets(): Buffer {
    return this.#octets.subarray(0, this.#length);
  }
}
