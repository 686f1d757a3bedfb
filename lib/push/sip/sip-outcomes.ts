import { retryAfterSeconds, type SipResponse } from '../../../sip/index.ts';
import type { CarrierResult } from '../../../push/index.ts';

/**
 * Statuses after which the same agent may well take the same message later (docs/push.md); every other failure says that
 * the message, or the identity, is what is wrong.
 */
const TEMPORARY: ReadonlySet<number> = new Set([408, 413, 430, 480, 486, 487, 491, 500, 502, 503, 504, 580, 600]);

/** Statuses that say nothing of the agent but only that this flow did not lead to it. */
const OF_THE_FLOW: ReadonlySet<number> = new Set([408, 430, 503, 504]);

/** Longer than this no Retry-After is believed. */
const MAXIMUM_RETRY_AFTER_SECONDS = 86_400;

/** What a final response to a MESSAGE says of the delivery, but for 2xx. */
export function failureOf(response: SipResponse): Extract<CarrierResult, { outcome: 'failed' }> {
  const { status } = response;
  const seconds = retryAfterSeconds(response);
  const retryAfterMilliseconds =
    seconds === undefined ? undefined : Math.min(seconds, MAXIMUM_RETRY_AFTER_SECONDS) * 1000;
  return {
    outcome: 'failed',
    // A server that names a time expects the message again.
    temporary: TEMPORARY.has(status) || retryAfterMilliseconds !== undefined,
    reason: `sip-${status}`,
    ...(retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds }),
  };
}

/** True when another flow of the same agent, or the SIP core, may have more luck. */
export function isOfTheFlow(status: number): boolean {
  return OF_THE_FLOW.has(status);
}
