import type { SipRequest, SipResponse } from '../../../sip/index.ts';
import type { AdmissionGate } from './admission-gate.ts';
import { fitChallenge } from './challenge-size.ts';
import type { Overload } from './overload.ts';
import { isProtected } from './protected-request.ts';

/** What the edge asks of admission while it looks at a request. */
export class EdgeAdmission {
  readonly counters = { 'challenge-shortened': 0, 'challenge-withheld': 0 };
  readonly #gate: AdmissionGate;
  readonly #overload: Overload;
  readonly #amplificationLimit: number;

  /** @param amplificationLimit octets of a challenge for each octet of the request, over transports that prove no address */
  constructor(gate: AdmissionGate, overload: Overload, amplificationLimit: number) {
    this.#gate = gate;
    this.#overload = overload;
    this.#amplificationLimit = amplificationLimit;
  }

  /** Seconds that a refused request is asked to wait; 0 when it may go on. For the request that is being delivered. */
  retryAfter(request: SipRequest): number {
    return this.#overload.level === 0 || isProtected(request) ? 0 : this.#overload.refuses(this.#gate.isKnown);
  }

  /**
   * The most octets that a challenge of the request being delivered may have; no bound where the address is proven, by a
   * connection or by a credential.
   */
  challengeLimit(isReliable: boolean): number {
    return isReliable || this.#gate.isKnown ? Number.POSITIVE_INFINITY : this.#gate.octets * this.#amplificationLimit;
  }

  /** The challenge in at most `limit` octets, or a bare 400 where the request is too small for any. */
  fit(request: SipRequest, response: SipResponse, limit: number): SipResponse {
    const fitting = fitChallenge(response, limit);
    if (fitting === response) return response;
    if (fitting !== undefined) {
      this.counters['challenge-shortened']++;
      return fitting;
    }
    this.counters['challenge-withheld']++;
    return request.createResponse(400, '');
  }
}
