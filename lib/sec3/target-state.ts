import { DestinationMarks } from './destination-marks.ts';

/** What became of a request that a target was sent. */
export type TargetOutcome = 'answered' | 'timeout' | 'unavailable';

/** Why a target was not taken for a request. */
export type PassedOver = 'down' | 'draining' | 'retry-after' | 'full' | 'unresolved';

/**
 * What is known of one server by its URI: how it is, how much it has to do, and what it has done. Every rule that names the URI
 * shares it, and it outlives a change of the configuration.
 */
export class TargetState {
  /** The SIP URI from the configuration. */
  readonly uri: string;
  readonly outcomes: Record<TargetOutcome, number> = { answered: 0, timeout: 0, unavailable: 0 };
  readonly passedOver: Record<PassedOver, number> = { down: 0, draining: 0, 'retry-after': 0, full: 0, unresolved: 0 };
  /** Health checks by result, and addresses that kept silent in them. */
  readonly probes = { healthy: 0, unhealthy: 0, silent: 0 };
  readonly transitions = { up: 0, down: 0 };
  /** What single addresses have shown, where it has several. */
  readonly marks = new DestinationMarks();
  /** Requests sent that have no final response yet, those of dialogs included. */
  inFlight = 0;
  /** Set by an operator: nothing new comes here. */
  draining = false;
  #up = true;
  /** Successes or failures of health checks in a row: of the kind that would change `up`. */
  #streak = 0;
  #avoidUntil = Number.NEGATIVE_INFINITY;
  #retryAfter = Number.NEGATIVE_INFINITY;

  constructor(uri: string) {
    this.uri = uri;
  }

  /** False from `downAfter` failed health checks until `upAfter` successful ones. */
  get up(): boolean {
    return this.#up;
  }

  /** Until when it is tried only after the others, in milliseconds of the clock that it was marked with. */
  get avoidUntil(): number {
    return this.#avoidUntil;
  }

  /** Until when it has asked to be left alone. */
  get retryAfter(): number {
    return this.#retryAfter;
  }

  /** False for one that has never asked to be left alone: its `refusal` is then the same at any time. */
  get hasAskedToWait(): boolean {
    return this.#retryAfter !== Number.NEGATIVE_INFINITY;
  }

  /** Why it must not be given anything new, apart from its limit. */
  refusal(now: number): 'down' | 'draining' | 'retry-after' | undefined {
    if (this.draining) return 'draining';
    if (!this.#up) return 'down';
    return now < this.#retryAfter ? 'retry-after' : undefined;
  }

  /** Tries it only after the others for a while. */
  avoid(until: number): void {
    this.#avoidUntil = until;
  }

  /** Takes it that the server serves again. */
  answered(): void {
    this.#avoidUntil = Number.NEGATIVE_INFINITY;
  }

  /** Gives it nothing new until then, as it asked. */
  leaveAlone(until: number): void {
    this.#retryAfter = Math.max(this.#retryAfter, until);
  }

  /**
   * Takes the result of a health check.
   *
   * @param threshold how many such results in a row change the state
   * @returns the new state when it changed
   */
  checked(healthy: boolean, threshold: number): 'up' | 'down' | undefined {
    if (healthy === this.#up) {
      this.#streak = 0;
      return undefined;
    }
    if (++this.#streak < threshold) return undefined;
    return this.#turn(healthy);
  }

  /** Forgets what health checks have found, when there are none any more. */
  assumeUp(): 'up' | 'down' | undefined {
    this.#streak = 0;
    return this.#up ? undefined : this.#turn(true);
  }

  #turn(up: boolean): 'up' | 'down' {
    this.#up = up;
    this.#streak = 0;
    const to = up ? 'up' : 'down';
    this.transitions[to]++;
    return to;
  }
}
