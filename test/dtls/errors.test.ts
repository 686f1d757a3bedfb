import { expect } from 'chai';

import { ALERT, alertName } from '../../dtls/errors.ts';

describe('DTLS alerts', () => {
  it('have names, and numbers where there is none', () => {
    for (const [name, number] of Object.entries(ALERT)) expect(alertName(number)).to.equal(name);
    expect(alertName(255)).to.equal('255');
  });
});
