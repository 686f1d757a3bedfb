import { expect } from 'chai';
import fc from 'fast-check';

import { formatProxyHeader, readProxyHeader, type ProxyHeader } from '../../../../lib/sec1/index.ts';

const FULL: ProxyHeader = {
  source: { address: '192.0.2.1', port: 4711 },
  destination: { address: '198.51.100.7', port: 5684 },
  authority: 'coap.example.com',
  uniqueId: 'coap:0000002a',
  channel: { version: 'DTLSv1.2', cipher: 'PSK-AES128-GCM-SHA256', commonName: 'sip:m@example.com', certificate: true },
  identity: { scheme: 'gba-psk', impi: 'm@ims', impus: ['sip:m@example.com', 'tel:+4917'] },
};

describe('PROXY protocol v2', () => {
  it('has the octets that its specification says', () => {
    const { source, destination } = FULL;
    const octets = formatProxyHeader({
      source,
      destination,
      channel: { version: 'DTLSv1.2', cipher: 'X', certificate: false },
    });
    expect(octets.toString('hex')).to.equal(
      [
        '0d0a0d0a000d0a515549540a', // signature
        '21', // version 2, PROXY
        '12', // AF_INET, DGRAM
        '0023', // what follows
        'c0000201c6336407', // addresses
        '12671634', // ports
        '200014', // PP2_TYPE_SSL
        '01', // PP2_CLIENT_SSL
        '00000000', // verified
        `210008${Buffer.from('DTLSv1.2').toString('hex')}`,
        '23000158',
      ].join(''),
    );
  });

  it('gives back what it was made of, for IPv4 and IPv6', () => {
    const payload = Buffer.from('payload');
    const six = { address: '2001:db8::1', port: 1 };
    for (const header of [FULL, { ...FULL, source: six, destination: { ...six, port: 2 } }]) {
      const reading = readProxyHeader(Buffer.concat([formatProxyHeader(header), payload]));
      expect(reading?.header).to.deep.equal(header);
      expect(reading?.payload).to.deep.equal(payload);
    }
    const mixed = readProxyHeader(formatProxyHeader({ ...FULL, destination: six }));
    expect(mixed?.header.source.address).to.equal('::ffff:192.0.2.1');
  });

  it('leaves values out that are too long rather than cut them', () => {
    const header = {
      ...FULL,
      uniqueId: 'x'.repeat(129),
      identity: { scheme: 'psk', impus: ['y'.repeat(513), ...Array.from({ length: 20 }, (_, n) => `sip:${n}@a`)] },
    };
    const reading = readProxyHeader(formatProxyHeader(header));
    expect(reading?.header.uniqueId).to.equal(undefined);
    expect(reading?.header.identity?.impus).to.deep.equal(Array.from({ length: 7 }, (_, n) => `sip:${n}@a`));
  });

  it('is read in full or not at all, whatever comes', () => {
    const good = formatProxyHeader(FULL);
    for (let length = 0; length < good.length; length++) {
      expect(readProxyHeader(good.subarray(0, length)), String(length)).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (rest) => {
        const damaged = Buffer.concat([good.subarray(0, 14), Buffer.from(rest)]);
        const reading = readProxyHeader(damaged);
        expect(reading === undefined || reading.payload.length <= damaged.length).to.equal(true);
      }),
    );
  });
});
