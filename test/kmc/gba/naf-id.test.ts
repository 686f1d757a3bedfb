import { expect } from 'chai';
import fc from 'fast-check';
import { KmcError } from '../../../kmc/errors.ts';
import { NafId, UaSecurityProtocolId } from '../../../kmc/gba/index.ts';

describe('UaSecurityProtocolId', () => {
  it('is read from hexadecimal and written back', () => {
    const id = UaSecurityProtocolId.parse('0300000003');
    expect(id.bytes.toString('hex')).to.equal('0300000003');
    expect(id.hex).to.equal('0300000003');
    expect(String(id)).to.equal('0300000003');
    expect(id.organisation).to.equal('OMA');
    expect(id.equals(UaSecurityProtocolId.SIP_DIGEST)).to.equal(true);
    expect(UaSecurityProtocolId.parse('03 00 00 00 02').equals(UaSecurityProtocolId.LOCSIP)).to.equal(true);
    expect(UaSecurityProtocolId.parse('FF12345678').hex).to.equal('ff12345678');
  });

  it('knows the names of the registries', () => {
    expect(UaSecurityProtocolId.SIP_DIGEST.name).to.equal('SIP digest (SEC_CF 1.1)');
    expect(UaSecurityProtocolId.LOCSIP.name).to.equal('LOCSIP 1.0');
    expect(UaSecurityProtocolId.SUPL.name).to.equal('SUPL 2.0 ULP');
    expect(UaSecurityProtocolId.HTTP_DIGEST.name).to.equal('HTTP digest (TS 24.109)');
    expect(UaSecurityProtocolId.parse('ff00000001').name).to.equal('ff00000001');
  });

  it('carries a cipher suite where it is one for TLS', () => {
    const ours = UaSecurityProtocolId.forTls('3GPP', 0xc02f);
    expect(ours.hex).to.equal('010001c02f');
    expect(ours.cipherSuite).to.equal(0xc02f);
    expect(ours.name).to.equal('TLS, cipher suite c02f');
    expect(UaSecurityProtocolId.forTls('OMA', 0x00a8).hex).to.equal('03000100a8');
    expect(UaSecurityProtocolId.parse('0100021301').name).to.equal('browser GBA, cipher suite 1301');
    expect(UaSecurityProtocolId.parse('0200010001').cipherSuite).to.equal(undefined);
    expect(UaSecurityProtocolId.SIP_DIGEST.cipherSuite).to.equal(undefined);
    expect(() => UaSecurityProtocolId.forTls('OMA', 0x10000)).to.throw(KmcError);
  });

  it('refuses what is not an identifier', () => {
    for (const text of ['', '03', '030000000g', '03000000030', '0x03000003', '0000000001']) {
      expect(UaSecurityProtocolId.tryParse(text), text).to.equal(undefined);
      expect(() => UaSecurityProtocolId.parse(text))
        .to.throw(KmcError)
        .with.property('code', 'OSGATE_KMC_INVALID_ARGUMENT');
    }
    expect(() => new UaSecurityProtocolId(0, 1)).to.throw(KmcError);
    expect(() => new UaSecurityProtocolId(256, 0)).to.throw(KmcError);
  });
});

describe('NafId', () => {
  it('is FQDN || identifier, without separator', () => {
    const nafId = new NafId('p133.piuha.net', UaSecurityProtocolId.parse('0000000000'));
    expect(nafId.toBytes().toString('base64')).to.equal('cDEzMy5waXVoYS5uZXQAAAAAAA==');
  });

  it('keeps the octets of the FQDN as the agent used them', () => {
    expect(NafId.fromBytes(new NafId('OSG.Example', UaSecurityProtocolId.SIP_DIGEST).toBytes())?.fqdn).to.equal(
      'OSG.Example',
    );
  });

  it('reads any octets without throwing, and only what it would write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const nafId = NafId.fromBytes(octets);
        if (nafId !== undefined) expect(nafId.toBytes().equals(octets)).to.equal(true);
      }),
    );
    expect(NafId.fromBytes(Buffer.from('0300000003', 'hex'))).to.equal(undefined);
    expect(NafId.fromBytes(Buffer.concat([Buffer.from('a b'), UaSecurityProtocolId.LOCSIP.bytes]))).to.equal(undefined);
  });

  it('refuses a name that is no host name', () => {
    for (const fqdn of ['', 'a b', 'a\u0000', 'ä.example', 'a@b', 'a'.repeat(254)]) {
      expect(() => new NafId(fqdn, UaSecurityProtocolId.LOCSIP)).to.throw(KmcError);
    }
  });
});
