import { expect } from 'chai';

import type { AssociationLimits } from '../../../dtls/association/limits.ts';
import { lossy, Pair, type PairOptions } from './pair.ts';

/** A network that loses half of everything needs more patience than the defaults have. */
const PATIENT: Partial<AssociationLimits> = {
  maximumRetransmission: 4000,
  handshakeTimeout: 3_600_000,
  lastFlightLifetime: 3_600_000,
  maximumDuplicateAnswers: 1000,
  idleTimeout: 0,
};

const KINDS: readonly { name: string; options: PairOptions }[] = [
  { name: 'PSK', options: { suite: 'TLS_PSK_WITH_AES_128_GCM_SHA256' } },
  { name: 'ECDHE_PSK', options: { suite: 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', limits: { mtu: 200 } } },
  {
    name: 'ECDHE_ECDSA with client certificates in small datagrams',
    options: {
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      server: { clientCertificates: 'request' },
      limits: { mtu: 256 },
    },
  },
];

/** Runs a pair and expects one association on each side, made of one handshake, that carries data both ways. */
function expectOneAssociation(options: PairOptions): Pair {
  const pair = new Pair({ ...options, limits: { ...options.limits, ...PATIENT } }).run(3_600_000);
  const said = `seed ${options.seed}`;
  expect(pair.client.established, said).to.have.lengthOf(1);
  expect(pair.server.established, said).to.have.lengthOf(1);
  expect(pair.server.closed, said).to.deep.equal([]);
  const [served] = pair.server.established;
  const exported = served?.exportKeyingMaterial(16, 'EXPERIMENTAL test');
  expect(pair.clientAssociation.exportKeyingMaterial(16, 'EXPERIMENTAL test'), said).to.deep.equal(exported);
  for (let round = 0; round < 60; round++) {
    pair.clientAssociation.send(Buffer.from('ping'));
    served?.send(Buffer.from('pong'));
    pair.scheduler.advance(1000);
  }
  expect(pair.server.messages, said).to.include('ping');
  expect(pair.client.messages, said).to.include('pong');
  expect(pair.budget.used, said).to.equal(0);
  return pair;
}

describe('dtls: handshakes over a bad network', () => {
  for (const { name, options } of KINDS) {
    for (const loss of [0, 0.1, 0.2, 0.5]) {
      it(`end in one association on both sides: ${name}, loss ${loss * 100} %`, () => {
        for (let seed = 1; seed <= 25; seed++) expectOneAssociation({ ...options, seed, fate: lossy(loss) });
      });
    }
  }

  it('lesson 8: doubled and long delayed ClientHellos end in one association', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const pair = expectOneAssociation({
        seed,
        // Every ClientHello arrives three times, at any time up to the end of the handshake and after it.
        fate: (datagram, toServer, random) =>
          toServer && datagram[13] === 1
            ? [1 + random() * 50, 1 + random() * 5000, 1 + random() * 20_000]
            : [1 + random() * 50],
      });
      expect(pair.serverAssociations, `seed ${seed}`).to.have.lengthOf(1);
      expect(pair.clientAssociation.state).to.equal('established');
    }
  });

  it('gives up after the handshake time-out when nothing comes back', () => {
    const pair = new Pair({ fate: () => [], limits: { handshakeTimeout: 10_000 } }).run(60_000);
    expect(pair.client.closed.map(([, reason]) => reason)).to.deep.equal(['handshake-timeout']);
    expect(pair.client.counters.handshakeTimeouts).to.equal(1);
    // At 1, 3 and 7 seconds.
    expect(pair.client.counters.retransmissions).to.equal(3);
  });

  it('cuts flights into smaller datagrams when large ones do not get through', () => {
    const limit = 400;
    const pair = new Pair({
      suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      fate: (datagram) => (datagram.length > limit ? [] : [1]),
      limits: { timeoutsBeforeBackOff: 1 },
    }).run(60_000);
    expect(pair.client.established).to.have.lengthOf(1);
    expect(pair.server.counters.pathMtuBackOffs).to.be.greaterThan(0);
  });

  it('never cuts a ClientHello, which a server without memory could not answer', () => {
    const pair = new Pair({ fate: () => [], limits: { mtu: 150, timeoutsBeforeBackOff: 1 } }).run(60_000);
    expect(pair.sent).to.have.length.greaterThan(3);
    for (const { datagram } of pair.sent) {
      expect(datagram).to.have.length.greaterThan(150);
      expect(datagram.readUIntBE(14, 3)).to.equal(datagram.readUIntBE(22, 3));
    }
  });

  it('takes a new record sequence number for each transmission', () => {
    const pair = new Pair({ fate: (_datagram, toServer) => (toServer ? [1] : []) }).run(20_000);
    const hellos = pair.sent.filter(({ toServer }) => toServer).map(({ datagram }) => datagram.readUIntBE(5, 6));
    expect(hellos).to.have.length.greaterThan(3);
    expect(hellos).to.deep.equal(hellos.map((_, index) => index));
  });

  it('doubles the retransmission timer up to its maximum', () => {
    const times: number[] = [];
    const pair: Pair = new Pair({
      fate: () => {
        times.push(pair.scheduler.now());
        return [];
      },
      limits: { initialRetransmission: 100, maximumRetransmission: 400, handshakeTimeout: 2000 },
    });
    pair.run(5000);
    expect(times).to.deep.equal([0, 100, 300, 700, 1100, 1500, 1900]);
  });
});
