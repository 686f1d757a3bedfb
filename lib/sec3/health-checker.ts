import { HealthProbe, type HealthCheckSettings, type ProbeEnvironment } from './health-probe.ts';
import type { SipTarget } from './sip-target.ts';

export interface HealthCheckerOptions extends ProbeEnvironment {
  /** Gives numbers from 0 up to but not including 1: first checks are spread over the interval. */
  readonly random: () => number;
}

/** Checks the health of targets, each URI once, however many rules name it. */
export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  #probes: HealthProbe[] = [];

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
  }

  /**
   * Checks these targets from now on, in place of those before. What was found of a URI stays; a target that nobody checks
   * any more is taken for up. Of several settings for one URI the first ones hold.
   */
  check(wanted: readonly { readonly target: SipTarget; readonly settings: HealthCheckSettings | undefined }[]): void {
    this.stop();
    const byUri = new Map<string, HealthProbe>();
    for (const { target, settings } of wanted) {
      if (settings === undefined || byUri.has(target.uri)) continue;
      const probe = new HealthProbe(target, settings, this.#options);
      byUri.set(target.uri, probe);
      probe.start(this.#options.random() * settings.intervalMilliseconds);
    }
    for (const { target } of wanted) {
      if (byUri.has(target.uri)) continue;
      const to = target.state.assumeUp();
      if (to !== undefined) this.#options.onTransition(target, to, 'no health check any more');
    }
    this.#probes = [...byUri.values()];
  }

  stop(): void {
    for (const probe of this.#probes) probe.stop();
    this.#probes = [];
  }
}
