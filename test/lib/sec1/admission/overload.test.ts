import { expect } from 'chai';

import { Overload } from '../../../../lib/sec1/admission/overload.ts';
import { isProtected } from '../../../../lib/sec1/admission/protected-request.ts';
import { SipRequest } from '../../../../sip/index.ts';

const OPTIONS = {
  delayMilliseconds: 100,
  maximumDelayMilliseconds: 500,
  tableFill: 0.8,
  retryAfterMinimumSeconds: 5,
  retryAfterMaximumSeconds: 30,
};

/** A generator of numbers that is the same each time (a linear congruential one, of Numerical Recipes). */
function numbers(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function request(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): SipRequest {
  const made = new SipRequest(method, uri);
  made.append('To', headers['To'] ?? '<sip:bob@example.com>');
  for (const [name, value] of Object.entries(headers)) if (name !== 'To') made.append(name, value);
  return made;
}

describe('admission: overload', () => {
  it('rises with the lateness of the event loop, smoothed, and falls slowly', () => {
    const overload = new Overload(OPTIONS, numbers());
    overload.sample(250, 0);
    expect(overload.level, 'one late timer is nothing').to.equal(0);
    for (let count = 0; count < 20; count++) overload.sample(300, 0);
    expect(overload.level).to.be.closeTo(0.5, 0.01);
    overload.sample(0, 0);
    overload.sample(0, 0);
    expect(overload.level, 'not at once').to.be.above(0.4);
    for (let count = 0; count < 30; count++) overload.sample(0, 0);
    expect(overload.level).to.equal(0);
  });

  it('lesson 32: does not swing: between release and threshold a small share stays refused', () => {
    const overload = new Overload(OPTIONS, numbers());
    overload.sample(0, 0.9);
    for (let count = 0; count < 200; count++) overload.sample(0, 0.6);
    expect(overload.level).to.be.above(0);
    for (let count = 0; count < 5; count++) overload.sample(0, 0.5);
    expect(overload.level).to.equal(0);
  });

  it('rises with the fill of a table', () => {
    const overload = new Overload(OPTIONS, numbers());
    overload.sample(0, 0.8);
    expect(overload.level).to.equal(0);
    overload.sample(0, 0.9);
    expect(overload.level).to.be.closeTo(0.5, 0.001);
    overload.sample(0, 1);
    expect(overload.level).to.equal(1);
  });

  it('lesson 32: refuses a growing share, strangers first, and spreads Retry-After', () => {
    const share = (fill: number, isKnown: boolean): number => {
      const overload = new Overload(OPTIONS, numbers());
      overload.sample(0, fill);
      let refused = 0;
      for (let count = 0; count < 10_000; count++) if (overload.refuses(isKnown) > 0) refused++;
      return refused / 10_000;
    };
    expect(share(0.8, false)).to.equal(0);
    expect(share(0.85, false)).to.be.closeTo(0.25, 0.03);
    expect(share(0.85, true)).to.equal(0);
    expect(share(0.95, true)).to.be.closeTo(0.5, 0.03);
    expect(share(1, true)).to.equal(1);

    const overload = new Overload(OPTIONS, numbers());
    overload.sample(0, 1);
    const seconds = new Set(Array.from({ length: 1000 }, () => overload.refuses(false)));
    expect([...seconds].toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 26 }, (_, at) => at + 5));
    expect(overload.counters).to.deep.equal({ 'overloaded-strangers': 1000, 'overloaded-known': 0 });
  });

  it('lesson 32: keeps dialogs, what ends them, and emergencies', () => {
    const kept = [
      request('ACK', 'sip:bob@example.com'),
      request('CANCEL', 'sip:bob@example.com'),
      request('BYE', 'sip:bob@example.com'),
      request('INVITE', 'sip:bob@example.com', { To: '<sip:bob@example.com>;tag=1' }),
      request('INVITE', 'urn:service:sos'),
      request('INVITE', 'urn:service:SOS.fire'),
      request('INVITE', 'sip:bob@example.com', { Priority: 'Emergency' }),
      request('INVITE', 'sip:bob@example.com', { 'Resource-Priority': 'dsn.flash, esnet.1' }),
      request('MESSAGE', 'sip:bob@example.com', { 'Resource-Priority': 'WPS.0' }),
    ];
    for (const one of kept) expect(isProtected(one), one.toText()).to.equal(true);
    for (const one of [
      request('INVITE', 'sip:bob@example.com'),
      request('REGISTER', 'sip:example.com', { Priority: 'urgent' }),
      request('MESSAGE', 'sip:bob@example.com', { 'Resource-Priority': 'dsn.flash' }),
      request('MESSAGE', 'urn:service:sosx'),
    ]) {
      expect(isProtected(one), one.toText()).to.equal(false);
    }
  });
});
