import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatGuss,
  formatUssList,
  parseGuss,
  parseUssList,
  type UserSecuritySettings,
} from '../../../kmc/subscribers/index.ts';

const EXAMPLE =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<guss id="user1_private@home1.net"><bsfInfo><uiccType>GBA</uiccType><lifeTime>3600</lifeTime></bsfInfo>\n' +
  '<ussList><uss id="1" type="1" nafGroup="A"><uids><uid>sip:user1@home1.net</uid></uids>' +
  '<flags><flag>1</flag></flags></uss></ussList></guss>';

const SETTINGS: UserSecuritySettings = {
  bsfInfo: { uiccType: 'GBA', lifeTime: 3600 },
  ussList: [{ gsid: 1, type: 1, nafGroup: 'A', uids: ['sip:user1@home1.net'], flags: [1] }],
};

describe('GUSS document', () => {
  it('is read without a namespace, as some HSSs send it', () => {
    expect(parseGuss(EXAMPLE)).to.deep.equal({ impi: 'user1_private@home1.net', settings: SETTINGS });
  });

  it('is read by local names, in whatever namespace and with elements that are not known', () => {
    const xml =
      '<g:guss xmlns:g="guss-schema-of-3gpp-gaa"><g:future/><g:ussList><g:uss id="0" type="0" x="y">' +
      '<g:uids><g:uid>tel:+49 </g:uid></g:uids><g:flags/></g:uss></g:ussList></g:guss>';
    expect(parseGuss(xml)).to.deep.equal({
      settings: { bsfInfo: {}, ussList: [{ gsid: 0, type: 0, uids: ['tel:+49'], flags: [] }] },
    });
  });

  it('may have no settings in its list', () => {
    expect(parseGuss('<guss><ussList/></guss>')?.settings).to.deep.equal({ bsfInfo: {}, ussList: [] });
    expect(parseGuss('<guss id="a@b"><ussList></ussList></guss>')?.settings.ussList).to.deep.equal([]);
  });

  it('comes back as it was written, whatever the characters', () => {
    const words = fc.string({ minLength: 1 }).map((text) => `sip:${text.replace(/[^!-~]/g, '')}&<">'x`);
    const uss = fc.record(
      {
        gsid: fc.nat(999_999),
        type: fc.nat(999_999),
        nafGroup: fc.constantFrom('A', 'a&b"<'),
        uids: fc.array(words),
        flags: fc.array(fc.nat(100)),
        keyChoice: fc.constantFrom('ME_BASED_KEY' as const, 'UICC_BASED_KEY' as const, 'ME_UICC_BASED_KEYS' as const),
      },
      { requiredKeys: ['gsid', 'type', 'uids', 'flags'] },
    );
    fc.assert(
      fc.property(fc.array(uss, { maxLength: 4 }), (ussList) => {
        const settings = { bsfInfo: { lifeTime: 60 }, ussList };
        expect(parseGuss(formatGuss({ impi: 'a&b@c', settings }))).to.deep.equal({ impi: 'a&b@c', settings });
        expect(parseUssList(formatUssList(ussList))).to.deep.equal(ussList);
      }),
    );
  });

  it('over Zn says nothing of bsfInfo', () => {
    expect(formatUssList(SETTINGS.ussList)).not.to.include('bsfInfo').and.not.to.include('3600');
  });

  it('is refused when it is none, and never throws', () => {
    for (const xml of [
      '',
      'text',
      '<guss>',
      '<guss/>',
      '<other><ussList/></other>',
      '<guss><ussList><uss id="x" type="0"/></ussList></guss>',
      '<guss><ussList><uss id="0"/></ussList></guss>',
      '<guss><ussList/><ussList/></guss>',
      '<guss><bsfInfo><uiccType>SIM</uiccType></bsfInfo><ussList/></guss>',
      '<guss><bsfInfo><lifeTime>soon</lifeTime></bsfInfo><ussList/></guss>',
      '<!DOCTYPE guss [<!ENTITY a "b">]><guss><ussList/></guss>',
    ]) {
      expect(parseGuss(xml), xml).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.string(), fc.nat(EXAMPLE.length), (text, position) => {
        parseGuss(EXAMPLE.slice(0, position) + text + EXAMPLE.slice(position));
        parseUssList(text);
      }),
    );
    expect(parseGuss(`<guss><ussList>${' '.repeat(300_000)}</ussList></guss>`)).to.equal(undefined);
  });
});
