/** How pushes are delivered. */
export interface DispatchSettings {
  /** Pushes under way at once. */
  readonly concurrency: number;
  /** How long an agent may take for its receipt. */
  readonly receiptTimeoutMilliseconds: number;
  /** After a failed attempt, doubled with each one up to the maximum. */
  readonly initialRetryMilliseconds: number;
  readonly maximumRetryMilliseconds: number;
  /** What is asked of the key centre; it may grant less. */
  readonly keyLifetimeSeconds: number;
  /** A NAF SA that ends sooner than this is not used for another push. */
  readonly minimumKeyRestMilliseconds: number;
}

/** When to try again after so many attempts: from half to the whole of the doubled time, so that many do not come at once. */
export function retryDelay(
  settings: Pick<DispatchSettings, 'initialRetryMilliseconds' | 'maximumRetryMilliseconds'>,
  attempts: number,
  random: () => number,
): number {
  const doubled = settings.initialRetryMilliseconds * 2 ** Math.min(attempts, 30);
  const whole = Math.min(doubled, settings.maximumRetryMilliseconds);
  return Math.round(whole * (0.5 + random() / 2));
}
