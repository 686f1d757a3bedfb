import type { Renewal } from '../agent-keyring.ts';
import { BackOff, type BackOffOptions } from './back-off.ts';
import type { AssociationPsk } from './association-psk.ts';
import { LivenessCheck, type LivenessOptions } from './liveness-check.ts';
import { isRefusal, type ChannelEnd, type OpenChannel, type SecureChannel } from './secure-channel.ts';

export interface GatewayAssociationOptions {
  readonly open: OpenChannel;
  /** Absent where certificates do it. */
  readonly psk?: AssociationPsk | undefined;
  readonly reconnect: BackOffOptions;
  /** Datagrams that wait for the association to come about; a new one beyond is dropped. */
  readonly maximumQueuedDatagrams: number;
  readonly liveness: LivenessOptions;
  readonly onMessage: (datagram: Buffer) => void;
  /** @param isAgain false for the first one */
  readonly onUp?: (channel: SecureChannel, isAgain: boolean) => void;
  readonly onDown?: (end: ChannelEnd | 'unanswered') => void;
  readonly onFailure?: (error: unknown, waitMilliseconds: number) => void;
}

/**
 * The agent's association with the gateway, which it keeps up until it is closed. It bootstraps when there is no key, when
 * the key is over and when the gateway refuses it; it makes a new association when the old one ends or the gateway is
 * silent, at once when the old one was good for a while, else later and later.
 */
export class GatewayAssociation {
  readonly counters = {
    made: 0,
    failedAttempts: 0,
    refusedKeys: 0,
    received: 0,
    sent: 0,
    /** Could not go out, above all because they were too large. */
    notSent: 0,
    /** Dropped because as many wait already. */
    queueFull: 0,
    /** Dropped with the attempt that they waited for: whoever sent them will have sent them again. */
    outdated: 0,
    unanswered: 0,
  };
  readonly #options: GatewayAssociationOptions;
  readonly #backOff: BackOff;
  readonly #liveness: LivenessCheck;
  readonly #abort = new AbortController();
  #channel: SecureChannel | undefined;
  #upSince = 0;
  /** The B-TID of the association, or of the last attempt. */
  #btid: string | undefined;
  #renewal: Renewal = false;
  #attempt: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #queue: Buffer[] = [];

  constructor(options: GatewayAssociationOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.reconnect);
    this.#liveness = new LivenessCheck(options.liveness, {
      send: (datagram) => this.#channel?.send(datagram),
      isDead: () => {
        this.counters.unanswered++;
        this.#dropChannel();
        this.#ended('unanswered');
      },
    });
  }

  /** The association that there is at the moment. */
  get channel(): SecureChannel | undefined {
    return this.#channel;
  }

  get isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  /**
   * Makes the first association. Afterwards it is kept up without anybody asking.
   *
   * @throws OsgateError OSGATE_AGENT_NETWORK, OSGATE_AGENT_REFUSED, OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC
   */
  async open(): Promise<void> {
    if (this.#channel === undefined && !this.isClosed) await this.#establish();
  }

  /**
   * Sends a datagram, or lets it wait for the association, which it asks for where nobody has.
   *
   * @returns false when it is dropped
   */
  send(datagram: Buffer): boolean {
    if (this.isClosed) return false;
    if (this.#channel !== undefined) {
      const isSent = this.#channel.send(datagram);
      if (isSent) this.counters.sent++;
      else this.counters.notSent++;
      this.#liveness.sent();
      return isSent;
    }
    if (this.#queue.length >= this.#options.maximumQueuedDatagrams) {
      this.counters.queueFull++;
      return false;
    }
    this.#queue.push(datagram);
    this.#begin();
    return true;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.#abort.abort();
    clearTimeout(this.#retry);
    this.#queue = [];
    this.#liveness.stop();
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
    await this.#attempt;
  }

  /** One attempt, and another when there is none and nobody waits for one. Failures lead to the next attempt. */
  #begin(): void {
    if (this.#attempt !== undefined || this.#retry !== undefined || this.isClosed) return;
    this.#attempt = this.#establish().then(
      () => {
        this.#attempt = undefined;
      },
      (error: unknown) => {
        this.#attempt = undefined;
        if (!this.isClosed) this.#failed(error);
      },
    );
  }

  #failed(error: unknown): void {
    this.counters.failedAttempts++;
    this.counters.outdated += this.#queue.length;
    this.#queue = [];
    const wait = this.#backOff.next();
    this.#options.onFailure?.(error, wait);
    this.#beginLater(wait);
  }

  #beginLater(wait: number): void {
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#begin();
    }, wait);
  }

  async #establish(): Promise<void> {
    const runs = this.#options.psk?.runs;
    const renewal = this.#renewal;
    this.#btid = undefined;
    try {
      await this.#connect(renewal);
    } catch (error) {
      const refused = this.#refusedKey(error, runs);
      if (refused === undefined || this.isClosed) throw error;
      this.counters.refusedKeys++;
      await this.#connect({ refused });
    }
    this.#renewal = false;
  }

  /**
   * The B-TID that the gateway seems not to know. New keys help only where old ones were used: a gateway that refuses fresh
   * ones would refuse the next as well.
   */
  #refusedKey(error: unknown, runsBefore: number | undefined): string | undefined {
    return isRefusal(error) && this.#options.psk?.runs === runsBefore ? this.#btid : undefined;
  }

  async #connect(renewal: Renewal): Promise<void> {
    const { open, psk } = this.#options;
    // The association may end before `open` has given it to us.
    const made = nothingYet();
    const channel = await open({
      signal: this.#abort.signal,
      psk: async (hint, cipherSuite) => {
        if (psk === undefined) throw new TypeError('no PSK suite was offered');
        const credentials = await psk.lookUp(hint, cipherSuite, renewal);
        this.#btid = credentials.btid;
        return credentials;
      },
      events: {
        onMessage: (datagram) => {
          this.counters.received++;
          if (this.#liveness.received(datagram)) return;
          this.#options.onMessage(datagram);
        },
        onEnd: (reason) => {
          made.end = reason;
          if (made.channel === undefined || made.channel !== this.#channel) return;
          this.#channel = undefined;
          this.#ended(reason);
        },
      },
    });
    if (this.isClosed || made.end !== undefined) {
      await channel.close();
      if (made.end !== undefined) this.#ended(made.end);
      return;
    }
    made.channel = channel;
    this.#up(channel);
  }

  #up(channel: SecureChannel): void {
    const isAgain = this.counters.made > 0;
    this.counters.made++;
    this.#channel = channel;
    this.#upSince = performance.now();
    this.#liveness.start();
    this.#options.onUp?.(channel, isAgain);
    const waiting = this.#queue;
    this.#queue = [];
    for (const datagram of waiting) this.send(datagram);
  }

  #ended(end: ChannelEnd | 'unanswered'): void {
    this.#liveness.stop();
    if (this.isClosed) return;
    if (end === 'key-expired' && this.#btid !== undefined) this.#renewal = { refused: this.#btid };
    this.#options.onDown?.(end);
    // An association that lasted says that the gateway is well; one that did not may be one of many that all come back.
    const wasGood = performance.now() - this.#upSince >= this.#options.reconnect.maximumMilliseconds;
    if (wasGood) this.#backOff.reset();
    if (this.#retry !== undefined) return;
    this.#beginLater(wasGood ? 0 : this.#backOff.next());
  }

  #dropChannel(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    // Nobody waits for an association that is given up; closing it cannot fail in a way that matters.
    void channel?.close();
  }
}

interface Made {
  channel?: SecureChannel;
  end?: ChannelEnd;
}

function nothingYet(): Made {
  return {};
}
