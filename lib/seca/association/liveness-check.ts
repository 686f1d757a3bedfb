export interface LivenessOptions {
  /**
   * How the gateway shows that it still knows the association. `ping`: it answers CRLFCRLF with CRLF (RFC 5626 3.5.1), for
   * SIP. `silence`: nothing of ours is sent; an association over which datagrams went out and none came back is dead.
   */
  readonly way: 'ping' | 'silence';
  /** Between two pings, or how long a silence may be beyond `answerMilliseconds`; 0 checks nothing. */
  readonly intervalMilliseconds: number;
  /** How long an answer may take. */
  readonly answerMilliseconds: number;
}

const PING = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;

/** Finds out that the gateway has lost an association, which a DTLS server cannot tell its client (RFC 6347 4.1.2.7). */
export class LivenessCheck {
  readonly #options: LivenessOptions;
  readonly #actions: { send(datagram: Buffer): unknown; isDead(): void };
  #pingTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  /** A peer that never answers a ping does not know the custom, and its silence says nothing. */
  #hasAnswered = false;

  constructor(options: LivenessOptions, actions: { send(datagram: Buffer): unknown; isDead(): void }) {
    this.#options = options;
    this.#actions = actions;
  }

  start(): void {
    this.stop();
    if (this.#options.way === 'ping' && this.#options.intervalMilliseconds > 0) this.#ping();
  }

  stop(): void {
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
  }

  /** A datagram went out. */
  sent(): void {
    const { way, intervalMilliseconds, answerMilliseconds } = this.#options;
    if (way === 'ping' || intervalMilliseconds === 0) return;
    this.#expect(intervalMilliseconds + answerMilliseconds);
  }

  /** Something came in; true when it was the answer to a ping and is for nobody else. */
  received(datagram: Buffer): boolean {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    const isPong = datagram.length === 2 && datagram[0] === CR && datagram[1] === LF;
    if (!isPong || this.#options.way !== 'ping') return false;
    this.#hasAnswered = true;
    return true;
  }

  /** The first ping goes out at once: it shows early whether the gateway answers any. */
  #ping(): void {
    this.#actions.send(PING);
    if (this.#hasAnswered) this.#expect(this.#options.answerMilliseconds);
    // Not all agents at once after a restart of the gateway (RFC 5626 4.4: 80 to 100 %).
    const wait = this.#options.intervalMilliseconds * (0.8 + 0.2 * Math.random());
    this.#pingTimer = setTimeout(() => {
      this.#ping();
    }, wait);
  }

  #expect(milliseconds: number): void {
    this.#answerTimer ??= setTimeout(() => {
      this.#answerTimer = undefined;
      this.#actions.isDead();
    }, milliseconds);
  }
}
