import { parseDecimal, type SipRequest } from '../message/index.ts';

/** What a request without Max-Breadth gets (RFC 5393 5.3.3). */
const DEFAULT_MAX_BREADTH = 60;

/**
 * The status that refuses a request for its Max-Breadth (RFC 5393 5): 440 when no branch is left to it, 400 when it cannot be read.
 * We fork never and forward serially, so what came in goes out again as it was.
 */
export function breadthRefusal(request: SipRequest): 400 | 440 | undefined {
  const value = request.header('Max-Breadth');
  if (value === undefined) return undefined;
  const breadth = parseDecimal(value, 0x7fff_ffff);
  if (breadth === undefined || request.headers('Max-Breadth').length > 1) return 400;
  return breadth === 0 ? 440 : undefined;
}

/** Every request that is forwarded says how many branches it may still become. */
export function ensureMaxBreadth(request: SipRequest): void {
  if (!request.has('Max-Breadth')) request.append('Max-Breadth', String(DEFAULT_MAX_BREADTH));
}
