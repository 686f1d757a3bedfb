import { expect } from 'chai';

import { ALERT } from '../../../dtls/errors.ts';
import { SessionCache } from '../../../dtls/session/session-cache.ts';
import { TicketKeys } from '../../../dtls/session/ticket-keys.ts';
import { ECDSA_CREDENTIALS, echo, IDENTITY, KEY, Pair, PSK_SUITE as PSK } from './pair.ts';

describe('dtls: resumption', () => {
  const keys = () =>
    new TicketKeys({ lifetimeSeconds: 3600, rotationSeconds: 600, random: (length) => Buffer.alloc(length, 5) });

  /** A second handshake with the session of the first. */
  function again(options: ConstructorParameters<typeof Pair>[0], first: Pair): Pair {
    return new Pair({
      ...options,
      client: { ...options?.client, session: first.clientAssociation.session ?? Buffer.alloc(0) },
    }).run(100);
  }

  it('goes by ticket, without the key being looked up', () => {
    const options = { suite: PSK, server: { ticketKeys: keys() }, client: { sessionTickets: true } };
    const second = again(options, new Pair(options).run(100));
    expect(second.clientAssociation.resumed).to.be.true;
    expect(second.serverAssociation.resumed).to.be.true;
    expect(second.server.counters.pskLookUps).to.equal(0);
    expect(second.serverAssociation.pskIdentity?.toString()).to.equal(IDENTITY);
    echo(second);
    // And a third time, with what the second knows.
    expect(again(options, second).clientAssociation.resumed).to.be.true;
  });

  it('goes by identifier', () => {
    const options = {
      suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      server: { sessionCache: new SessionCache(10) },
    };
    const second = again(options, new Pair(options).run(100));
    expect(second.clientAssociation.resumed).to.be.true;
    expect(second.clientAssociation.peerCertificates).to.deep.equal(ECDSA_CREDENTIALS.certificates);
    echo(second);
  });

  it('goes on after the association has ended, which wipes what it had for itself', () => {
    const options = { suite: PSK, server: { sessionCache: new SessionCache(10) } };
    const first = new Pair(options).run(100);
    first.clientAssociation.close();
    first.scheduler.advance(100);
    expect(first.serverAssociation.state).to.equal('closed');
    const second = again(options, first);
    expect(second.serverAssociation.resumed).to.be.true;
    expect(second.serverAssociation.pskIdentity?.toString()).to.equal(IDENTITY);
    echo(second);
  });

  it('is over for a session whose association ended with a fatal alert (RFC 5246 7.2.2)', () => {
    const sessionCache = new SessionCache(10);
    const options = { suite: PSK, server: { sessionCache } };
    const first = new Pair(options).run(100);
    expect(sessionCache.size).to.equal(1);
    first.clientAssociation.fail(ALERT.internalError);
    first.scheduler.advance(100);
    expect(first.serverAssociation.state).to.equal('closed');
    expect(sessionCache.size).to.equal(0);
    expect(again(options, first).serverAssociation.resumed).to.be.false;
  });

  it('never outlives the pre-shared key', () => {
    const psk = { lookUp: () => ({ key: KEY, expiresAt: 1_767_225_600_000 + 5000 }) };
    const options = { suite: PSK, server: { ticketKeys: keys(), psk }, client: { sessionTickets: true } };
    const first = new Pair(options).run(100);
    const second = again(options, first);
    expect(second.serverAssociation.resumed).to.be.true;
    second.scheduler.advance(5000);
    expect(second.server.closed.map(([, reason]) => reason)).to.deep.equal(['key-expired']);
    // The client knows the end of the ticket's lifetime, and does not offer it any more.
    const late = new Pair({
      ...options,
      client: { ...options.client, session: first.clientAssociation.session ?? Buffer.alloc(0) },
    });
    late.scheduler.advance(6000);
    late.run(50);
    expect(late.serverAssociation.resumed).to.be.false;
  });

  it('is refused for another name, an unknown ticket, and a suite that is gone; a full handshake follows', () => {
    const options = {
      suite: PSK,
      server: { ticketKeys: keys() },
      client: { sessionTickets: true, serverName: 'a.example' },
    };
    const session = new Pair(options).run(100).clientAssociation.session ?? Buffer.alloc(0);
    const others = [
      { ...options, client: { ...options.client, serverName: 'b.example', session } },
      {
        ...options,
        client: { ...options.client, session },
        server: {
          ticketKeys: new TicketKeys({
            lifetimeSeconds: 60,
            rotationSeconds: 60,
            random: (length) => Buffer.alloc(length, 6),
          }),
        },
      },
      { ...options, client: { ...options.client, session }, suite: 'TLS_PSK_WITH_AES_256_GCM_SHA384' },
    ];
    for (const other of others) {
      const pair = new Pair(other).run(100);
      expect(pair.clientAssociation.state).to.equal('established');
      expect(pair.clientAssociation.resumed).to.be.false;
    }
  });

  it('survives a network that loses and doubles', () => {
    const options = { suite: PSK, server: { ticketKeys: keys() }, client: { sessionTickets: true } };
    const session = new Pair(options).run(100).clientAssociation.session ?? Buffer.alloc(0);
    for (let seed = 1; seed <= 30; seed++) {
      const pair = new Pair({
        ...options,
        seed,
        client: { ...options.client, session },
        limits: { handshakeTimeout: 600_000, maximumRetransmission: 4000, lastFlightLifetime: 600_000 },
        fate: (_datagram, _toServer, random) => (random() < 0.3 ? [] : [1 + random() * 100, 1 + random() * 100]),
      }).run(300_000);
      expect(pair.client.established, `seed ${seed}`).to.have.lengthOf(1);
      expect(pair.server.established, `seed ${seed}`).to.have.lengthOf(1);
      expect(pair.clientAssociation.resumed).to.be.true;
    }
  });
});
