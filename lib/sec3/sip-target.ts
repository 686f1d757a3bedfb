import {
  isSipUri,
  parseUri,
  resolutionQuery,
  SipError,
  type Destination,
  type Peer,
  type ResolutionQuery,
} from '../../sip/index.ts';
import { TargetState, type TargetOutcome } from './target-state.ts';

export interface SipTargetOptions {
  /** A SIP URI without user: `sip:host`, `sip:host:port`, with `;transport=` if wanted. */
  readonly uri: string;
  /** Its share among the targets of the same priority. */
  readonly weight?: number | undefined;
  /** Lower ones are taken first. */
  readonly priority?: number | undefined;
  /** Requests without a final response that it may have at once; as many as come where absent. */
  readonly maximumInFlight?: number | undefined;
  /** How long a target that failed is tried only after the others. */
  readonly retryAfterMilliseconds: number;
  /** The longest that a target's own Retry-After is believed. */
  readonly maximumRetryAfterMilliseconds: number;
}

/** How soon a server that has as much as it may have is worth another try. */
const FULL_MILLISECONDS = 5000;

/**
 * One SIP application server, as one rule uses it. A target that timed out or answered 503 is tried after the others for a
 * while, so that not every request pays for finding out again; one that is down, draining, full or has asked to be left
 * alone is not tried at all.
 */
export class SipTarget {
  readonly uri: string;
  readonly query: ResolutionQuery;
  readonly weight: number;
  readonly priority: number;
  readonly maximumInFlight: number;
  readonly state: TargetState;
  readonly #avoidMilliseconds: number;
  readonly #maximumRetryAfterMilliseconds: number;

  /**
   * @param state what is known of the server already
   * @throws SipError OSGATE_SIP_INVALID_ARGUMENT for what is not a SIP URI
   */
  constructor(options: SipTargetOptions, state = new TargetState(options.uri)) {
    const uri = parseUri(options.uri);
    if (!isSipUri(uri)) throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `not a SIP target: ${options.uri}`);
    this.uri = options.uri;
    this.query = resolutionQuery(uri);
    this.weight = options.weight ?? 1;
    this.priority = options.priority ?? 0;
    this.maximumInFlight = options.maximumInFlight ?? Number.POSITIVE_INFINITY;
    this.state = state;
    this.#avoidMilliseconds = options.retryAfterMilliseconds;
    this.#maximumRetryAfterMilliseconds = options.maximumRetryAfterMilliseconds;
  }

  get isFull(): boolean {
    return this.state.inFlight >= this.maximumInFlight;
  }

  /** False while it is to be tried only after the others. */
  isAlive(now: number): boolean {
    return now >= this.state.avoidUntil;
  }

  /** True when it may be given a new request; otherwise the reason is counted. */
  takes(now: number): boolean {
    const reason = this.state.refusal(now) ?? (this.isFull ? 'full' : undefined);
    if (reason === undefined) return true;
    this.state.passedOver[reason]++;
    return false;
  }

  /** The time at which it may be usable again, as far as that is known: its Retry-After, or a while from now. */
  usableAgain(now: number): number {
    const reason = this.state.refusal(now);
    if (reason === 'retry-after') return this.state.retryAfter;
    return now + (reason === undefined && this.isFull ? FULL_MILLISECONDS : this.#avoidMilliseconds);
  }

  /** The addresses of the server that a request should try, in order. */
  usable(destinations: readonly Destination[], now: number): readonly Destination[] {
    return destinations.length === 1 ? destinations : this.state.marks.order(destinations, now);
  }

  /** Notes that it answered a request that was sent to that address, whatever it said. */
  answered(peer: Peer): void {
    const { state } = this;
    state.outcomes.answered++;
    state.marks.answered(peer);
    state.answered();
  }

  /**
   * Notes that it did not serve a request.
   *
   * @param peer the address that it was sent to, one of `siblings`, the addresses that the server has
   * @param retryAfterSeconds what a 503 said in Retry-After; undefined where it said nothing
   */
  failed(
    outcome: Exclude<TargetOutcome, 'answered'>,
    now: number,
    peer: Peer,
    siblings: readonly Peer[],
    retryAfterSeconds?: number,
  ): void {
    const { state } = this;
    state.outcomes[outcome]++;
    // `Retry-After: 0` says that the very next request is welcome.
    if (outcome === 'unavailable' && retryAfterSeconds === 0) return;
    const avoidUntil = now + this.#avoidMilliseconds;
    const alone = outcome === 'unavailable' ? this.#aloneUntil(now, retryAfterSeconds) : Number.NEGATIVE_INFINITY;
    if (siblings.length <= 1) {
      state.avoid(avoidUntil);
      state.leaveAlone(alone);
      return;
    }
    state.marks.failed(peer, now, avoidUntil, alone);
    // One of several that fails is left to the others; when it was the last one, the server as a whole has failed.
    const all = state.marks.allMarked(siblings, now);
    if (all === undefined) return;
    state.avoid(all.avoidUntil);
    state.leaveAlone(all.retryAfter);
  }

  /** Gives it nothing new for as long as the Retry-After of a health check says, within the configured bound. */
  leaveAlone(now: number, retryAfterSeconds: number | undefined): void {
    this.state.leaveAlone(this.#aloneUntil(now, retryAfterSeconds));
  }

  #aloneUntil(now: number, retryAfterSeconds: number | undefined): number {
    if (retryAfterSeconds === undefined || retryAfterSeconds === 0) return Number.NEGATIVE_INFINITY;
    return now + Math.min(retryAfterSeconds * 1000, this.#maximumRetryAfterMilliseconds);
  }
}
