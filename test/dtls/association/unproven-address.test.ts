import { expect } from 'chai';

import { UnprovenAddress } from '../../../dtls/association/unproven-address.ts';
import { ECDSA_CREDENTIALS, Pair, RSA_CREDENTIALS } from './pair.ts';

const SUITE = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const CIDS = { server: { connectionId: true }, client: { connectionId: true } } as const;

/** A pair of which the client has sent one record of `octets` from another address. */
function moved(octets: number, allowance = 0): { pair: Pair; received: number; elsewhere: object } {
  const pair = new Pair({ suite: SUITE, ...CIDS, limits: { unprovenAddressAllowance: allowance } }).run(100);
  expect(pair.server.established).to.have.lengthOf(1);
  const elsewhere = { name: 'elsewhere' };
  const record = pair.clientAssociation.seal(23, Buffer.alloc(octets)) ?? Buffer.alloc(0);
  pair.sent.length = 0;
  pair.serverAssociation.receive(record, elsewhere);
  expect(pair.serverAssociation.peer).to.equal(elsewhere);
  return { pair, received: record.length, elsewhere };
}

function octetsTo(pair: Pair, address: unknown): number {
  return pair.sent.filter(({ to }) => to === address).reduce((sum, { datagram }) => sum + datagram.length, 0);
}

describe('dtls: peers that have moved, without a return routability check (RFC 9146 6)', () => {
  it('lesson 4: a peer that has moved and said next to nothing since gets a SIP request', () => {
    const { pair } = moved(4, 4096);
    expect(pair.serverAssociation.send(Buffer.alloc(1300))).to.be.true;
    expect(pair.serverAssociation.send(Buffer.alloc(1300))).to.be.true;
  });

  it('lesson 4: the new address gets at most three times what came from it until a newer record came from there', () => {
    const { pair, received, elsewhere } = moved(100);
    const server = pair.serverAssociation;
    let sent = 0;
    while (sent < 100 && server.send(Buffer.alloc(60))) sent++;
    expect(sent).to.be.greaterThan(0).and.lessThan(100);
    expect(octetsTo(pair, elsewhere))
      .to.be.greaterThan(received)
      .and.at.most(3 * received);
    expect(pair.server.counters.unprovenAddressRefused).to.equal(1);
    // Its own answer proves it.
    server.receive(pair.clientAssociation.seal(23, Buffer.from('here')) ?? Buffer.alloc(0), elsewhere);
    for (let count = 0; count < 100; count++) expect(server.send(Buffer.alloc(1000))).to.be.true;
  });

  it('a record that is not the newest, or from elsewhere, proves nothing', () => {
    const { pair, received, elsewhere } = moved(1000);
    const server = pair.serverAssociation;
    const late = pair.clientAssociation.seal(23, Buffer.from('late')) ?? Buffer.alloc(0);
    const newer = pair.clientAssociation.seal(23, Buffer.from('newer')) ?? Buffer.alloc(0);
    // The second record from there came before anything was sent there.
    server.receive(newer, elsewhere);
    expect(server.send(Buffer.alloc(100))).to.be.true;
    server.receive(late, elsewhere);
    server.receive(newer, elsewhere);
    while (server.send(Buffer.alloc(100)));
    expect(octetsTo(pair, elsewhere)).to.be.at.most(3 * (received + newer.length + late.length));
  });

  it('a repeated last flight is bounded as well', () => {
    const pair = new Pair({
      suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      limits: { unprovenAddressAllowance: 0 },
      ...CIDS,
      server: { connectionId: true, credentials: () => [RSA_CREDENTIALS, ECDSA_CREDENTIALS] },
    }).run(100);
    const elsewhere = { name: 'elsewhere' };
    pair.scheduler.advance(1000);
    pair.sent.length = 0;
    const finished = pair.clientAssociation.seal(22, Buffer.from([20, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0]));
    pair.serverAssociation.receive(finished ?? Buffer.alloc(0), elsewhere);
    expect(pair.server.counters.retransmissionsForDuplicates).to.equal(1);
    expect(octetsTo(pair, elsewhere)).to.be.at.most(3 * (finished?.length ?? 0));
  });

  it('counts octets of both ways', () => {
    const address = new UnprovenAddress(0);
    expect(address.send(1)).to.be.false;
    expect(address.receive(10, true)).to.be.false;
    expect(address.send(31)).to.be.false;
    expect(address.send(30)).to.be.true;
    expect(address.send(1)).to.be.false;
    expect(address.receive(10, false)).to.be.false;
    expect(address.send(30)).to.be.true;
    expect(address.receive(10, true)).to.be.true;
  });
});
