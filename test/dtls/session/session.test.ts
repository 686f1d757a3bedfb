import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { SessionCache } from '../../../dtls/session/session-cache.ts';
import { decodeSession, encodeSession, type Session } from '../../../dtls/session/session.ts';
import { TicketKeys } from '../../../dtls/session/ticket-keys.ts';

const NOW = 1_767_225_600_000;
const SESSION: Session = {
  cipherSuite: 0xd001,
  masterSecret: Buffer.alloc(48, 1),
  extendedMasterSecret: true,
  expiresAt: NOW + 3_600_000,
  keyExpiresAt: NOW + 7_200_000,
  serverName: 'a.example',
  pskIdentity: Buffer.from('identity'),
  pskData: { impi: 'a@example.com', numbers: [1, 2] },
  peerCertificates: undefined,
  sessionId: undefined,
  ticket: undefined,
};

function keys(secret?: Buffer): TicketKeys {
  return new TicketKeys({ lifetimeSeconds: 3600, rotationSeconds: 600, random: randomBytes, secret });
}

describe('dtls: sessions', () => {
  it('are read as they were written', () => {
    expect(decodeSession(encodeSession(SESSION))).to.deep.equal(SESSION);
    const certified = {
      ...SESSION,
      pskIdentity: undefined,
      pskData: undefined,
      peerCertificates: [Buffer.from('der')],
    };
    expect(decodeSession(encodeSession(certified))).to.deep.equal(certified);
  });

  it('are none when anything is cut off or changed into another type', () => {
    const octets = encodeSession(SESSION);
    for (let length = 0; length < octets.length; length++)
      expect(decodeSession(octets.subarray(0, length))).to.be.undefined;
    for (let index = 0; index < octets.length; index++) {
      const changed = Buffer.from(octets);
      changed[index] = (changed[index] ?? 0) ^ 0x80;
      expect(() => decodeSession(changed)).not.to.throw();
    }
  });

  it('are remembered up to a bound, at which the oldest goes, and until they end', () => {
    const cache = new SessionCache(2);
    for (const name of ['a', 'b', 'c']) cache.add(Buffer.from(name), SESSION);
    expect(cache.size).to.equal(2);
    expect(cache.evictions).to.equal(1);
    expect(cache.get(Buffer.from('a'), NOW)).to.be.undefined;
    expect(cache.get(Buffer.from('c'), NOW)).to.equal(SESSION);
    expect(cache.get(Buffer.from('c'), SESSION.expiresAt)).to.be.undefined;
    expect(cache.size).to.equal(1);
  });
});

describe('dtls: tickets', () => {
  it('are opened by who sealed them, and by who has the same secret', () => {
    const own = keys();
    const ticket = own.seal(SESSION, NOW);
    if (ticket === undefined) throw new Error('no ticket');
    expect(own.open(ticket, NOW)).to.deep.equal(SESSION);
    expect(keys().open(ticket, NOW)).to.be.undefined;
    const secret = randomBytes(32);
    const shared = keys(secret).seal(SESSION, NOW);
    expect(keys(secret).open(shared ?? Buffer.alloc(0), NOW + 1000)).to.deep.equal(SESSION);
  });

  it('are none when a single bit is changed or anything is cut off', () => {
    const own = keys();
    const ticket = own.seal(SESSION, NOW) ?? Buffer.alloc(0);
    for (let index = 0; index < ticket.length; index++) {
      const changed = Buffer.from(ticket);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(own.open(changed, NOW), `${index}`).to.be.undefined;
      expect(own.open(ticket.subarray(0, index), NOW)).to.be.undefined;
    }
  });

  it('end with their session, and with the lifetime of the key that sealed them', () => {
    const own = keys();
    const ticket = own.seal({ ...SESSION, expiresAt: NOW + 10_000_000 }, NOW) ?? Buffer.alloc(0);
    expect(own.open(ticket, NOW + 3_500_000)).not.to.be.undefined;
    expect(own.open(ticket, NOW + 4_900_000)).to.be.undefined;
    const short = own.seal({ ...SESSION, expiresAt: NOW + 1000 }, NOW) ?? Buffer.alloc(0);
    expect(own.open(short, NOW + 1000)).to.be.undefined;
  });

  it('are sealed with another key in each period', () => {
    const own = keys();
    const names = [0, 1, 600_000, 1_200_000].map((later) => own.seal(SESSION, NOW + later)?.toString('hex', 0, 16));
    expect(names[0]).to.equal(names[1]);
    expect(new Set(names).size).to.equal(3);
  });

  it('are not issued for data that MessagePack cannot carry', () => {
    const circle: Record<string, unknown> = {};
    circle.again = circle;
    expect(keys().seal({ ...SESSION, pskData: circle }, NOW)).to.be.undefined;
  });

  it('with whatever period written on them lead to no more keys than fit a lifetime', () => {
    const own = new TicketKeys({
      lifetimeSeconds: 7 * 86_400,
      rotationSeconds: 1,
      random: randomBytes,
      secret: randomBytes(32),
    });
    const ticket = own.seal(SESSION, NOW) ?? Buffer.alloc(0);
    const period = ticket.readUInt32BE(0);
    for (let back = -10; back < 1000; back++) {
      ticket.writeUInt32BE(period - back, 0);
      own.open(ticket, NOW);
    }
    expect(own.size).to.be.at.most(300);
  });

  it('are not issued for sessions that are too large', () => {
    expect(keys().seal({ ...SESSION, pskData: 'x'.repeat(5000) }, NOW)).to.be.undefined;
  });
});
