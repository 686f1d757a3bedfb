/**
 * One SIP application server. A target that timed out or answered 503 is passed over for a while, so that not every
 * request pays for finding out again; it is still tried when no other one is left.
 */
export class SipTarget {
  /** The SIP URI from the configuration. */
  readonly uri: string;
  readonly host: string;
  readonly port: number;
  readonly retryAfterMilliseconds: number;
  /** True while an operator wants it to get no new requests. */
  draining = false;
  #avoidUntil = Number.NEGATIVE_INFINITY;

  constructor(options: { uri: string; host: string; port: number; retryAfterMilliseconds: number }) {
    this.uri = options.uri;
    this.host = options.host;
    this.port = options.port;
    this.retryAfterMilliseconds = options.retryAfterMilliseconds;
  }

  isAlive(now: number): boolean {
    return now >= this.#avoidUntil;
  }

  /** Notes that the target did not serve a request. */
  failed(now: number): void {
    this.#avoidUntil = now + this.retryAfterMilliseconds;
  }

  answered(): void {
    this.#avoidUntil = Number.NEGATIVE_INFINITY;
  }
}
