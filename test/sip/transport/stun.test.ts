import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from 'node:zlib';

import { readStun } from '../../../sip/index.ts';

const SOURCE = { address: '192.0.2.1', port: 32853 };

/** A Binding request with those attributes, each as type and value. */
function bindingRequest(attributes: readonly (readonly [number, Buffer])[] = [], type = 1): Buffer {
  const encoded = attributes.map(([attribute, value]) => {
    const padded = Buffer.alloc(4 + value.length + ((4 - (value.length % 4)) % 4));
    padded.writeUInt16BE(attribute, 0);
    padded.writeUInt16BE(value.length, 2);
    value.copy(padded, 4);
    return padded;
  });
  const header = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(Buffer.concat(encoded).length, 2);
  return Buffer.concat([header, ...encoded]);
}

function withFingerprint(request: Buffer): Buffer {
  const longer = Buffer.concat([request, Buffer.from('8028000400000000', 'hex')]);
  longer.writeUInt16BE(longer.length - 20, 2);
  longer.writeUInt32BE((crc32(longer.subarray(0, request.length)) ^ 0x5354554e) >>> 0, request.length + 4);
  return longer;
}

describe('STUN', () => {
  it('answers a Binding request with XOR-MAPPED-ADDRESS, as in RFC 5769 2.2', () => {
    const reading = readStun(bindingRequest(), SOURCE);
    expect(reading.outcome === 'request' && reading.response.toString('hex')).to.equal(
      '0101000c2112a442b7e7a701bc34d686fa87dfae' + '002000080001a147e112a643',
    );
  });

  it('answers over IPv6, as in RFC 5769 2.3', () => {
    const source = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 };
    const reading = readStun(bindingRequest(), source);
    expect(reading.outcome === 'request' && reading.response.toString('hex')).to.equal(
      '010100182112a442b7e7a701bc34d686fa87dfae' + '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9',
    );
  });

  it('adds FINGERPRINT when the request has one, and does not answer when it is wrong', () => {
    const request = withFingerprint(bindingRequest());
    const reading = readStun(request, SOURCE);
    const response = reading.outcome === 'request' ? reading.response : Buffer.alloc(0);
    expect(response.length).to.equal(40);
    expect(response.readUInt32BE(36)).to.equal((crc32(response.subarray(0, 32)) ^ 0x5354554e) >>> 0);
    request[27] = (request[27] ?? 0) ^ 1;
    expect(readStun(request, SOURCE).outcome).to.equal('malformed');
  });

  it('refuses an attribute that it must understand and does not (420), and passes over optional ones', () => {
    const change = readStun(bindingRequest([[0x0003, Buffer.alloc(4)]]), SOURCE);
    expect(change.outcome === 'request' && change.response.toString('hex', 20)).to.equal(
      '0009000400000414' + '000a000200030000',
    );
    const software = readStun(bindingRequest([[0x8022, Buffer.from('agent')]]), SOURCE);
    expect(software.outcome === 'request' && software.response.readUInt16BE(0)).to.equal(0x0101);
  });

  it('hears an indication and does not answer it', () => {
    expect(readStun(bindingRequest([], 0x0011), SOURCE)).to.deep.equal({ outcome: 'indication' });
  });

  it('answers nothing that is not well-formed, and never with more than 24 octets above the request', () => {
    const good = withFingerprint(bindingRequest([[0x8022, Buffer.from('agent')]]));
    for (let length = 0; length < good.length; length++) {
      expect(readStun(good.subarray(0, length), SOURCE).outcome, String(length)).to.equal('malformed');
    }
    for (const type of [0x0101, 0x0111, 0x0003, 0x3fff]) {
      expect(readStun(bindingRequest([], type), SOURCE).outcome).to.equal('malformed');
    }
    const classic = bindingRequest();
    classic.writeUInt32BE(0, 4);
    expect(readStun(classic, SOURCE).outcome, 'RFC 3489, without the cookie').to.equal('malformed');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (octets, framed) => {
        const rest = Buffer.from(octets).subarray(0, octets.length - (octets.length % 4));
        const datagram = framed ? Buffer.concat([bindingRequest(), rest]) : Buffer.from(octets);
        if (framed) datagram.writeUInt16BE(rest.length, 2);
        const reading = readStun(datagram, { address: '2001:db8::1', port: 1 });
        if (reading.outcome === 'request') expect(reading.response.length).to.be.at.most(datagram.length + 24);
      }),
    );
  });
});
