import { expect } from 'chai';

import type { ClientPsk, PskAnswer } from '../../../dtls/association/settings.ts';
import { ALERT } from '../../../dtls/errors.ts';
import { IDENTITY, KEY, Pair } from './pair.ts';

const SUITE = 'TLS_PSK_WITH_AES_128_GCM_SHA256';
const CERTIFICATES = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

const NO_KEYS: readonly [string, unknown][] = [
  ['a text', 'secret'],
  ['nothing', undefined],
  ['an empty key', Buffer.alloc(0)],
  ['a key that no length can count', Buffer.alloc(65_536)],
];

/** Gives promises that have resolved their turn. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function settled(pair: Pair): Promise<Pair> {
  pair.run(100);
  for (let count = 0; count < 5; count++) {
    await turn();
    pair.scheduler.advance(5000);
  }
  return pair;
}

describe('dtls: what the application gives to handshakes', () => {
  for (const [what, key] of NO_KEYS) {
    for (const when of ['at once', 'later']) {
      it(`a look-up that gives ${what}, ${when}, ends the handshake with internal_error and nothing else`, async () => {
        const answer = { key } as PskAnswer;
        const server = { psk: { lookUp: () => (when === 'later' ? Promise.resolve(answer) : answer) } };
        const pair = await settled(new Pair({ suite: SUITE, server }));
        expect(pair.server.counters.pskUnusableKeys).to.equal(1);
        expect(pair.serverAssociation.lastAlert).to.deep.equal({ sent: true, code: ALERT.internalError });
        expect(pair.budget.used).to.equal(0);

        const psk = { identity: Buffer.from(IDENTITY), key } as ClientPsk;
        const client = { psk: () => (when === 'later' ? Promise.resolve(psk) : psk) };
        const other = await settled(new Pair({ suite: SUITE, client }));
        expect(other.client.counters.pskUnusableKeys).to.equal(1);
        expect(other.clientAssociation.lastAlert).to.deep.equal({ sent: true, code: ALERT.internalError });
      });
    }
  }

  it('an identity that is too long, and an end that is no number, are no keys either', () => {
    for (const wrong of [{ identity: Buffer.alloc(65_536) }, { expiresAt: Number.NaN }]) {
      const psk = () => ({ identity: Buffer.from(IDENTITY), key: KEY, ...wrong });
      const pair = new Pair({ suite: SUITE, client: { psk } }).run();
      expect(pair.client.counters.pskUnusableKeys).to.equal(1);
    }
  });

  it('a look-up that throws or rejects is counted, and ends as an unknown identity does', async () => {
    const failing = [
      () => {
        throw new Error('the store is down');
      },
      () => Promise.reject(new Error('the store is down')),
    ];
    for (const lookUp of failing) {
      const pair = await settled(new Pair({ suite: SUITE, server: { psk: { lookUp } } }));
      expect(pair.server.counters).to.include({ pskLookUpsFailed: 1, pskUnknownIdentities: 1, handshakeExceptions: 0 });
      expect(pair.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.decryptError });
    }
  });

  it('a key that has ended is an unknown identity', () => {
    const lookUp = () => ({ key: KEY, expiresAt: 1_767_225_600_000 });
    const pair = new Pair({ suite: SUITE, server: { psk: { lookUp } } }).run();
    expect(pair.server.established).to.deep.equal([]);
    expect(pair.server.counters.pskUnknownIdentities).to.equal(1);
  });

  it('callbacks that throw end the handshake with internal_error, and are counted', () => {
    const fail = (): never => {
      throw new Error('a mistake of the application');
    };
    const server = new Pair({ suite: CERTIFICATES, server: { credentials: fail } }).run();
    expect(server.server.counters.handshakeExceptions).to.equal(1);
    expect(server.clientAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.internalError });
    const client = new Pair({ suite: CERTIFICATES, client: { verifyServer: fail } }).run();
    expect(client.client.counters.handshakeExceptions).to.equal(1);
    expect(client.serverAssociation.lastAlert).to.deep.equal({ sent: false, code: ALERT.internalError });
  });
});
