import { expect } from 'chai';

import { Flight } from '../../../dtls/handshake/flight.ts';

const RECORD_HEADER = 13;
const MESSAGE_HEADER = 12;

describe('dtls: flights', () => {
  it('cut no message that a datagram of its own holds whole', () => {
    expect(fragmentsOf([900, 400, 0], 1200)).to.deep.equal([
      [[900, 0, 900]],
      [
        [400, 0, 400],
        [0, 0, 0],
      ],
    ]);
  });

  it('fill datagrams with the parts of a message that none holds whole', () => {
    const datagrams = fragmentsOf([100, 1000], 300);
    const parts = datagrams.flat().filter(([length]) => length === 1000);
    expect(parts.reduce((sum, [, , size]) => sum + size, 0)).to.equal(1000);
    expect(datagrams[0]).to.have.lengthOf(2);
  });
});

/** Of each datagram, of each fragment: length of its message, offset, size. */
function fragmentsOf(lengths: readonly number[], mtu: number): [number, number, number][][] {
  const flight = new Flight();
  for (const length of lengths) {
    const message = Buffer.alloc(MESSAGE_HEADER + length);
    message.writeUIntBE(length, 1, 3);
    message.writeUIntBE(length, 9, 3);
    flight.message(message);
  }
  const datagrams: Buffer[] = [];
  const transmit = (datagram: Buffer): void => {
    datagrams.push(datagram);
  };
  flight.transmit({ nextEpochZeroSequence: () => 0, seal: () => undefined, sealOverhead: 0, transmit }, mtu, 16_384);
  return datagrams.map((datagram) => {
    expect(datagram.length).to.be.at.most(mtu);
    const fragments: [number, number, number][] = [];
    for (let at = 0; at < datagram.length; at += RECORD_HEADER + datagram.readUInt16BE(at + 11)) {
      const start = at + RECORD_HEADER;
      fragments.push([
        datagram.readUIntBE(start + 1, 3),
        datagram.readUIntBE(start + 6, 3),
        datagram.readUIntBE(start + 9, 3),
      ]);
    }
    return fragments;
  });
}
