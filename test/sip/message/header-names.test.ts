import { expect } from 'chai';

import { CANONICAL_NAMES, canonicalNameAt, headerName } from '../../../sip/message/header-names.ts';

describe('header field names', () => {
  it('are found where they stand when they are spelt as they go out, each of them', () => {
    for (const name of CANONICAL_NAMES) {
      const found = canonicalNameAt(`xx${name}: value`, 2, 2 + name.length);
      expect(found, name).to.equal(headerName(name));
      expect(found?.canonical).to.equal(name);
    }
  });

  it('are not found so in another spelling, or cut short', () => {
    for (const name of CANONICAL_NAMES) {
      expect(canonicalNameAt(name.toLowerCase(), 0, name.length)?.canonical, name).to.equal(undefined);
      expect(canonicalNameAt(name, 0, name.length - 1)?.canonical).not.to.equal(name);
      expect(headerName(name.toLowerCase()).canonical).to.equal(name);
    }
    expect(canonicalNameAt('', 0, 0)).to.equal(undefined);
  });
});
