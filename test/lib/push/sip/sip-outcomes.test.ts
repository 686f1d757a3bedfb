import { expect } from 'chai';

import { failureOf, isOfTheFlow } from '../../../../lib/push/sip/sip-outcomes.ts';
import { SipResponse } from '../../../../sip/index.ts';

describe('what a failed MESSAGE says of a push', () => {
  for (const status of [408, 413, 430, 480, 486, 487, 491, 500, 502, 503, 504, 580, 600]) {
    it(`${status} is temporary`, () => {
      expect(failureOf(new SipResponse(status))).to.deep.equal({
        outcome: 'failed',
        temporary: true,
        reason: `sip-${status}`,
      });
    });
  }

  for (const status of [302, 400, 403, 404, 405, 415, 488, 501, 603, 604, 606]) {
    it(`${status} is not`, () => {
      expect(failureOf(new SipResponse(status))).to.include({ temporary: false, reason: `sip-${status}` });
    });
  }

  for (const [value, milliseconds] of [
    ['5', 5000],
    ['18 (in a meeting);duration=60', 18_000],
    ['999999999', 86_400_000],
    ['soon', undefined],
    ['-1', undefined],
  ] as const) {
    it(`reads Retry-After: ${value}`, () => {
      const response = new SipResponse(404);
      response.set('Retry-After', value);
      const { retryAfterMilliseconds, temporary } = failureOf(response);
      expect(retryAfterMilliseconds).to.equal(milliseconds);
      expect(temporary).to.equal(milliseconds !== undefined);
    });
  }

  it('sends on by another flow where this one did not lead to the agent, not where the agent has said no', () => {
    expect([408, 430, 503, 504].every(isOfTheFlow)).to.equal(true);
    expect([404, 480, 486, 488, 600].some(isOfTheFlow)).to.equal(false);
  });
});
