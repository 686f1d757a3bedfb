import { expect } from 'chai';
import { closest } from '../../../lib/config/closest.ts';

describe('the closest known key', () => {
  for (const [word, expected] of [
    ['prot', 'port'],
    ['Host', 'host'],
    ['fqdm', 'fqdn'],
    ['authenticator', 'authenticators'],
    ['x', undefined],
    ['colour', undefined],
  ] as const) {
    it(`${word} means ${expected ?? 'nothing known'}`, () => {
      expect(closest(word, ['port', 'host', 'fqdn', 'authenticators', 'name'])).to.equal(expected);
    });
  }
});
