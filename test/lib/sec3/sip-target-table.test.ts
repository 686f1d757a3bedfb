import { expect } from 'chai';

import { SipTarget, SipTargetTable } from '../../../lib/sec3/index.ts';
import { SipRequest } from '../../../sip/index.ts';

const target = (port: number): SipTarget =>
  new SipTarget({ uri: `sip:127.0.0.1:${port}`, host: '127.0.0.1', port, retryAfterMilliseconds: 1000 });

const request = (method: string, uri: string, event?: string): SipRequest => {
  const made = new SipRequest(method, uri);
  if (event !== undefined) made.set('Event', event);
  return made;
};

describe('SEC-3 target table', () => {
  const presence = target(1);
  const anything = target(2);
  const table = new SipTargetTable([
    {
      name: 'location',
      domains: ['example.com'],
      methods: ['SUBSCRIBE'],
      events: ['presence'],
      responseTimeoutMilliseconds: 500,
      targets: [presence],
    },
    {
      name: 'calls',
      domains: ['example.com'],
      methods: ['INVITE', 'BYE'],
      responseTimeoutMilliseconds: 500,
      targets: [anything],
    },
    { name: 'rest', domains: ['*'], methods: ['MESSAGE'], responseTimeoutMilliseconds: 500, targets: [anything] },
  ]);

  it('chooses by domain, method and event package, whatever their case and parameters', () => {
    const selection = table.select(request('SUBSCRIBE', 'sip:bob@EXAMPLE.com', 'Presence;id=1'), 0);
    expect(selection).to.include({ outcome: 'found' });
    expect(selection.outcome === 'found' && selection.targets).to.deep.equal([presence]);
  });

  it('falls to a rule for any domain', () => {
    expect(table.select(request('MESSAGE', 'sip:bob@elsewhere.example'), 0).outcome).to.equal('found');
  });

  it('tells an event package that nobody serves from a method that nobody serves', () => {
    expect(table.select(request('SUBSCRIBE', 'sip:bob@example.com', 'dialog'), 0)).to.deep.equal({
      outcome: 'bad-event',
      allowEvents: ['presence'],
    });
    expect(table.select(request('PUBLISH', 'sip:bob@example.com', 'dialog'), 0).outcome).to.equal('not-found');
  });

  it('finds nothing for a Request-URI without a host', () => {
    expect(table.select(request('MESSAGE', 'tel:+15551234'), 0).outcome).to.equal('not-found');
  });

  it('puts a target that failed behind the others until its time is over, and never leaves it out', () => {
    const [first, second] = [target(1), target(2)];
    const pair = new SipTargetTable([
      { name: 'pair', domains: ['*'], responseTimeoutMilliseconds: 500, targets: [first, second] },
    ]);
    const order = (now: number): readonly SipTarget[] => {
      const selection = pair.select(request('MESSAGE', 'sip:bob@example.com'), now);
      return selection.outcome === 'found' ? selection.targets : [];
    };
    expect(order(0)).to.deep.equal([first, second]);
    first.failed(0);
    expect(order(999)).to.deep.equal([second, first]);
    expect(order(1000)).to.deep.equal([first, second]);
    first.failed(2000);
    first.answered();
    expect(order(2001)).to.deep.equal([first, second]);
  });
});
