import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { DialogTokens } from '../../../lib/sec1/dialog-token.ts';

describe('dialog tokens', () => {
  const tokens = new DialogTokens(randomBytes(32));

  it('accept the token of the same dialog', () => {
    const token = tokens.issue('a84b4c76e66710@pc33.example.com');
    expect(token).to.match(/^[A-Za-z0-9_-]{16}$/);
    expect(tokens.verify(token, 'a84b4c76e66710@pc33.example.com')).to.be.true;
  });

  it('refuse the token of another dialog, of another gateway, a cut one, and none', () => {
    const token = tokens.issue('one');
    expect(tokens.verify(token, 'two')).to.be.false;
    expect(new DialogTokens(randomBytes(32)).verify(token, 'one')).to.be.false;
    expect(tokens.verify(token.slice(0, 15), 'one')).to.be.false;
    expect(tokens.verify(`${token}AAAA`, 'one')).to.be.false;
    expect(tokens.verify('', 'one')).to.be.false;
    expect(tokens.verify(undefined, 'one')).to.be.false;
  });
});
