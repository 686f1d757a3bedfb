import { expect } from 'chai';

import { REFUSAL_REASONS, refusalReason, type RefusalReason } from '../../../lib/identity/index.ts';
import { setRefusalWarning } from '../../../lib/sec1/refusal-warning.ts';
import { parseMessage, SipResponse, type ParseFailure } from '../../../sip/index.ts';

describe('the reasons of refusals', () => {
  it('are words that a Warning, a metric label and a log can carry', () => {
    for (const [reason, { status, meaning }] of Object.entries(REFUSAL_REASONS)) {
      expect(reason).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(meaning, reason).to.match(/^[A-Z`].*\.$/);
      if (typeof status === 'number') expect(status, reason).to.be.within(400, 699);
    }
  });

  it('are told in a Warning, but not in a challenge, and not where they are nobody else’s business', () => {
    for (const reason of Object.keys(REFUSAL_REASONS) as RefusalReason[]) {
      const { status, told } = refusalReason(reason);
      const response = new SipResponse(typeof status === 'number' ? status : 407, '');
      setRefusalWarning(response, 'osg.example.com', reason);
      const expected = status === 'challenge' || told === false ? undefined : `399 osg.example.com "osgate: ${reason}"`;
      expect(response.header('Warning'), reason).to.equal(expected);
    }
  });

  it('lesson 20: keep the outcomes of credentials apart, and all of them challenges alike', () => {
    for (const reason of ['no-credentials', 'stale', 'replay', 'wrong-key', 'unknown-user', 'expired-key'] as const) {
      expect(REFUSAL_REASONS[reason].status, reason).to.equal('challenge');
    }
  });

  it('have the names that the parser gives', () => {
    const cases: Readonly<Record<string, ParseFailure>> = {
      'MESSAGE sip:b@c SIP/3.0': 'unsupported-version',
      'MESSAGE sip:b@c SIP/2.0\r\nCSeq : x': 'duplicate-header',
    };
    for (const [start, failure] of Object.entries(cases)) {
      const text = `${start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n\r\n`;
      const result = parseMessage(Buffer.from(text));
      expect(result.ok ? 'ok' : result.failure).to.equal(failure);
      expect(REFUSAL_REASONS[failure].status).to.equal(failure === 'unsupported-version' ? 505 : 400);
    }
  });
});
