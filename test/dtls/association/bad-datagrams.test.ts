import { expect } from 'chai';

import { writeHandshakeHeader } from '../../../dtls/handshake/handshake-message.ts';
import { MemoryBudget } from '../../../dtls/handshake/memory-budget.ts';
import { plainRecord } from '../../../dtls/record/record-header.ts';
import { ECDSA_CREDENTIALS, Pair, type PairOptions, SERVER } from './pair.ts';

const KINDS: readonly PairOptions[] = [
  { suite: 'TLS_PSK_WITH_AES_128_GCM_SHA256', server: { connectionId: true }, client: { connectionId: true } },
  { suite: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256' },
  {
    suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    server: { clientCertificates: 'require' },
    client: { credentials: ECDSA_CREDENTIALS },
  },
];

function fragment(type: number, length: number, sequence: number, start: number, size: number): Buffer {
  const octets = Buffer.alloc(12 + size);
  writeHandshakeHeader(octets, 0, type, length, sequence, start, size);
  return octets;
}

/** A server that waits for the ClientKeyExchange, and what it was sent so far. */
function halfOpen(options: PairOptions = KINDS[0] ?? {}): Pair {
  const pair = new Pair({ ...options, cookies: false, fate: () => [] });
  pair.clientAssociation.start();
  pair.toServer(pair.sent[0]?.datagram ?? Buffer.alloc(0));
  expect(pair.serverAssociation.state).to.equal('handshaking');
  return pair;
}

describe('dtls: bad datagrams', () => {
  it('lesson 6: every datagram of a handshake cut short anywhere neither throws nor stops the handshake (GHSA-hxp2-xqf3-v83h, GHSA-4xgv-j62q-h3rj, CVE-2026-54908)', () => {
    for (const options of KINDS) {
      const pair: Pair = new Pair({
        ...options,
        fate: (datagram, toServer) => {
          // Before the datagram come all that begin like it.
          for (let length = 0; length < datagram.length; length += length < 60 ? 1 : 13) {
            const short = Buffer.from(datagram.subarray(0, length));
            if (toServer) pair.toServer(short);
            else pair.clientAssociation.receive(short, SERVER);
          }
          return [1];
        },
      });
      pair.run(30_000);
      expect(pair.client.established, options.suite).to.have.lengthOf(1);
      expect(pair.server.established, options.suite).to.have.lengthOf(1);
      expect(pair.server.counters.malformedRecords).to.be.greaterThan(0);
    }
  });

  it('lesson 6: a handshake does not buffer without bound (CVE-2022-29189)', () => {
    const pair = halfOpen();
    const { serverAssociation, clientAddress, server, budget } = pair;
    // Its own flight.
    const held = budget.used;
    for (let round = 0; round < 5000; round++) {
      const content = fragment(16, 30_000, 1 + (round % 20), (round * 37) % 29_000, 900);
      serverAssociation.receive(plainRecord(22, round, content), clientAddress);
    }
    expect(budget.used - held).to.be.at.most(65_536);
    expect(server.counters.handshakeMemoryRefused).to.be.greaterThan(0);
    expect(server.counters.futureMessagesRefused).to.be.greaterThan(0);
    serverAssociation.close();
    pair.clientAssociation.close();
    expect(budget.used).to.equal(0);
  });

  it('lesson 6: half-open handshakes together hold no more than their memory', () => {
    const pair = halfOpen();
    const held = pair.budget.used;
    expect(held).to.be.greaterThan(0);
    const record = (start: number): Buffer => plainRecord(22, 9, fragment(16, 30_000, 1, start, 1000));
    const others = Array.from(
      { length: 60 },
      () => halfOpen({ server: { halfOpenMemory: pair.budget } }).serverAssociation,
    );
    for (const association of others)
      for (let start = 0; start < 29_000; start += 1000) association.receive(record(start), pair.clientAddress);
    expect(pair.budget.used).to.be.at.most(pair.budget.maximum);
    for (const association of others) association.close();
    expect(pair.budget.used).to.equal(held);
  });

  it('a handshake whose flight there is no memory for is refused', () => {
    const halfOpenMemory = new MemoryBudget(100);
    const pair = new Pair({ cookies: false, server: { halfOpenMemory } }).run(100);
    expect(pair.server.closed.map(([, reason]) => reason)).to.deep.equal(['handshake-failure']);
    expect(pair.server.counters.halfOpenMemoryRefused).to.equal(1);
    expect(pair.client.established).to.deep.equal([]);
    expect(halfOpenMemory.used).to.equal(0);
  });

  it('lesson 6: records and fragments of no octets neither loop nor count as progress (CVE-2022-29190)', () => {
    const pair = halfOpen();
    const empty = Buffer.concat(Array.from({ length: 1000 }, (_, index) => plainRecord(22, index, Buffer.alloc(0))));
    pair.serverAssociation.receive(empty, pair.clientAddress);
    const zero = Buffer.concat(
      Array.from({ length: 1000 }, (_, index) => plainRecord(22, index, fragment(16, 100, 1, 50, 0))),
    );
    pair.serverAssociation.receive(zero, pair.clientAddress);
    expect(pair.serverAssociation.state).to.equal('handshaking');
    expect(pair.server.counters.malformedHandshakeMessages).to.equal(1000);
  });

  it('lesson 6: random octets in every place never throw and never establish anything', () => {
    for (const options of KINDS) {
      const pair = halfOpen(options);
      for (let round = 0; round < 3000; round++) {
        const datagram = pair.serverHost.random(1 + Math.floor(pair.random() * 100));
        datagram[0] = 20 + Math.floor(pair.random() * 8);
        if (datagram.length > 13) {
          datagram.writeUInt16BE(0xfefd, 1);
          datagram.writeUInt16BE(pair.random() < 0.5 ? 0 : 1, 3);
          datagram.writeUInt16BE(datagram.length - 13, 11);
        }
        if (pair.serverAssociation.state === 'handshaking')
          pair.serverAssociation.receive(datagram, pair.clientAddress);
        if (pair.clientAssociation.state === 'handshaking')
          pair.clientAssociation.receive(Buffer.from(datagram), SERVER);
      }
      expect([...pair.server.established, ...pair.client.established]).to.deep.equal([]);
    }
  });

  it('an established association outlives a flood of garbage, which is counted', () => {
    const pair = new Pair(KINDS[1]).run(100);
    for (let round = 0; round < 20_000; round++) {
      const datagram = pair.serverHost.random(40);
      datagram[0] = 20 + (round % 8);
      datagram.writeUInt16BE(0xfefd, 1);
      datagram.writeUInt16BE(round % 3, 3);
      datagram.writeUInt16BE(27, 11);
      pair.serverAssociation.receive(datagram, pair.clientAddress);
    }
    const { undecryptableRecords, unknownEpochRecords, malformedRecords } = pair.server.counters;
    expect(undecryptableRecords).to.be.greaterThan(1000);
    expect(unknownEpochRecords).to.be.greaterThan(1000);
    expect(malformedRecords).to.be.greaterThan(1000);
    expect(pair.clientAssociation.send(Buffer.from('still here'))).to.be.true;
    pair.scheduler.advance(10);
    expect(pair.server.messages).to.deep.equal(['still here']);
  });
});
