import { expect } from 'chai';

import { FlowTokens, type FlowTokenContent } from '../../../lib/sec1/index.ts';

const SECRET = Buffer.alloc(32, 3);

const FOUR: FlowTokenContent = {
  protocol: 'UDP',
  listener: 2,
  peer: { address: '192.0.2.255', port: 65_535 },
  serial: 0xfedcba98,
  required: true,
};
const SIX: FlowTokenContent = {
  ...FOUR,
  protocol: 'TCP',
  peer: { address: '2001:db8::ff00:42', port: 1 },
  required: false,
};

describe('flow tokens', () => {
  it('give back what they were made of, and the worker that has the flow', () => {
    for (const content of [FOUR, SIX, { ...SIX, peer: { address: '::1', port: 5060 } }]) {
      const token = new FlowTokens(SECRET, 255).issue(content);
      expect(token).to.match(/^[A-Za-z0-9_-]+$/);
      expect(new FlowTokens(SECRET).read(token)).to.deep.equal({ outcome: 'token', worker: 255, content });
    }
  });

  it('name an association by its number alone, since its address may change', () => {
    const peer = { address: '192.0.2.1', port: 4711, association: 0xfffffffe };
    const token = new FlowTokens(SECRET, 3).issue({ ...FOUR, protocol: 'DTLS-UDP', peer });
    const reading = new FlowTokens(SECRET).read(token);
    expect(reading.outcome).to.equal('token');
    if (reading.outcome !== 'token') return;
    expect(reading.worker).to.equal(3);
    expect(reading.content.protocol).to.equal('DTLS-UDP');
    expect(reading.content.peer.association).to.equal(0xfffffffe);
    const moved = { ...peer, address: '192.0.2.2', port: 1 };
    expect(new FlowTokens(SECRET, 3).issue({ ...FOUR, protocol: 'DTLS-UDP', peer: moved })).to.equal(token);
  });

  it('fit a URI in little room', () => {
    expect(new FlowTokens(SECRET).issue(FOUR).length).to.equal(34);
    expect(new FlowTokens(SECRET).issue(SIX).length).to.equal(50);
  });

  it('show that a bit was changed, or that they were made with another key', () => {
    const tokens = new FlowTokens(SECRET);
    for (const content of [FOUR, SIX]) {
      const good = Buffer.from(tokens.issue(content), 'base64url');
      for (let bit = 0; bit < good.length * 8; bit++) {
        const changed = Buffer.from(good);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(tokens.read(changed.toString('base64url')).outcome, String(bit)).to.not.equal('token');
      }
    }
    expect(tokens.read(new FlowTokens(Buffer.alloc(32, 4)).issue(FOUR)).outcome).to.equal('forged');
  });

  it('are not mistaken for other user parts', () => {
    const tokens = new FlowTokens(SECRET);
    for (const user of [undefined, '', 'alice', '+43123', 'a'.repeat(33), `${tokens.issue(FOUR)}=`, 'x'.repeat(400)]) {
      expect(tokens.read(user).outcome, user ?? '').to.equal('none');
    }
  });
});
