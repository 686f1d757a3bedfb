import type { SipResponse } from '../../sip/index.ts';
import { refusalReason, type RefusalReason } from '../identity/index.ts';

/**
 * Writes the reason of a refusal into its response (RFC 3261 20.43). Not into a challenge: there only `stale` is told, by
 * the challenge itself, so that a stranger cannot tell an unknown user from a wrong password.
 *
 * @param fqdn the gateway, as the agent knows it
 */
export function setRefusalWarning(response: SipResponse, fqdn: string, reason: RefusalReason): void {
  const { status, told } = refusalReason(reason);
  if (status === 'challenge' || told === false) return;
  response.set('Warning', `399 ${fqdn} "osgate: ${reason}"`);
}
