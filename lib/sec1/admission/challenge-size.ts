import { SipResponse } from '../../../sip/index.ts';

const CHALLENGES = ['Proxy-Authenticate', 'WWW-Authenticate'];

/** Status-Code, versions, spaces and line breaks around the reason phrase, `Content-Length: 0`, and the empty line. */
const FIXED_OCTETS = 'SIP/2.0 407 \r\n'.length + 'Content-Length: 0\r\n\r\n'.length;

/**
 * Makes a challenge small enough for an address that nobody has proven: first the reason phrase goes, then all challenges but
 * the first, which is the preferred one.
 *
 * @param maximum octets
 * @returns the response as it came where it fits, a smaller one, or undefined when none is small enough
 */
export function fitChallenge(response: SipResponse, maximum: number): SipResponse | undefined {
  if (maximum === Number.POSITIVE_INFINITY) return response;
  const size = sizeOf(response);
  if (size <= maximum) return response;
  const smaller = new SipResponse(response.status, '');
  let challenged = false;
  for (const { name, value } of response.headerFields()) {
    const isChallenge = CHALLENGES.includes(name);
    if (isChallenge && challenged && size - response.reason.length > maximum) continue;
    challenged ||= isChallenge;
    smaller.append(name, value);
  }
  return sizeOf(smaller) <= maximum ? smaller : undefined;
}

/** Octets of a response without a body. */
function sizeOf(response: SipResponse): number {
  let octets = FIXED_OCTETS + response.reason.length;
  for (const { name, value } of response.headerFields()) {
    if (name !== 'Content-Length') octets += name.length + value.length + 4;
  }
  return octets;
}
