import { expect } from 'chai';
import fc from 'fast-check';

import { NonceCountWindow, NonceFactory } from '../../../sip/digest/index.ts';

describe('NonceFactory', () => {
  const secret = Buffer.alloc(32, 7);

  it('knows its nonces until their lifetime ends', () => {
    let now = 1_700_000_000_000;
    const factory = new NonceFactory({ secret, lifetimeSeconds: 300, now: () => now });
    const nonce = factory.create('r');
    expect(nonce).to.match(/^[A-Za-z0-9_-]{40}$/);
    now += 299_999;
    expect(factory.verify(nonce, 'r')).to.deep.equal({ outcome: 'valid', id: nonce, expiresAt: 1_700_000_300_000 });
    now += 1;
    expect(factory.verify(nonce, 'r').outcome).to.equal('expired');
  });

  it('takes no nonce of another context or secret, changed, or in another spelling', () => {
    const factory = new NonceFactory({ secret, lifetimeSeconds: 300 });
    const nonce = factory.create('r');
    const other = new NonceFactory({ secret: Buffer.alloc(32, 8), lifetimeSeconds: 300 });
    expect(factory.verify(nonce, 's').outcome).to.equal('foreign');
    expect(other.verify(nonce, 'r').outcome).to.equal('foreign');
    for (const wrong of [
      `${nonce}=`,
      ` ${nonce}`,
      nonce.slice(1),
      '',
      `${nonce.startsWith('A') ? 'B' : 'A'}${nonce.slice(1)}`,
    ]) {
      expect(factory.verify(wrong, 'r').outcome).to.equal('foreign');
    }
  });

  it('takes nonces of a secret that was replaced', () => {
    const old = new NonceFactory({ secret, lifetimeSeconds: 300 });
    const next = new NonceFactory({ secret: [Buffer.alloc(32, 8), secret], lifetimeSeconds: 300 });
    expect(next.verify(old.create('r'), 'r').outcome).to.equal('valid');
    expect(old.verify(next.create('r'), 'r').outcome).to.equal('foreign');
  });

  it('makes no two alike', () => {
    const factory = new NonceFactory({ secret, lifetimeSeconds: 300, now: () => 1 });
    expect(factory.create('r')).not.to.equal(factory.create('r'));
  });
});

describe('NonceCountWindow', () => {
  it('lesson 22: takes counts out of order within the window, each once', () => {
    const window = new NonceCountWindow({ size: 8, maxNonces: 4 });
    for (const nc of [3, 1, 2, 10, 4]) expect(window.accept('a', nc), `nc ${nc}`).to.equal('ok');
    for (const nc of [1, 2, 3, 4, 10, 0]) expect(window.accept('a', nc), `nc ${nc}`).to.equal('replay');
    expect(window.accept('b', 1)).to.equal('ok');
    expect(window.counters).to.deep.equal({ accepted: 6, replays: 6, full: 0 });
  });

  it('takes no count twice, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 0xffff_ffff })), {
          maxLength: 80,
        }),
        (size, counts) => {
          const window = new NonceCountWindow({ size, maxNonces: 1 });
          const taken = new Set<number>();
          let highest = 0;
          for (const nc of counts) {
            const fresh = !taken.has(nc) && nc > highest - size;
            expect(window.accept('a', nc)).to.equal(fresh ? 'ok' : 'replay');
            if (fresh) taken.add(nc);
            highest = Math.max(highest, nc);
          }
        },
      ),
    );
  });

  it('keeps the books of many nonces as a simple table would, while they come, are used and expire', () => {
    let now = 0;
    const window = new NonceCountWindow({ size: 16, maxNonces: 20_000, now: () => now });
    const used = new Map<string, { expiresAt: number; counts: Set<number> }>();
    for (let step = 0; step < 60_000; step++) {
      now += 1;
      const id = `nonce ${(Math.imul(step, 0x9e3779b1) >>> 0) % 9000} ${Math.floor(step / 20_000)}`;
      const known = used.get(id);
      const live = known !== undefined && Math.ceil(known.expiresAt / 1000) > Math.floor(now / 1000);
      const nonce = live ? known : { expiresAt: now + 9000, counts: new Set<number>() };
      const nc = 1 + (step % 12);
      // What has expired may be remembered for a while longer; the caller has refused it by then.
      if (known !== undefined && !live) continue;
      used.set(id, nonce);
      expect(window.accept(id, nc, nonce.expiresAt), `step ${step}`).to.equal(nonce.counts.has(nc) ? 'replay' : 'ok');
      nonce.counts.add(nc);
    }
    expect(window.counters.full).to.equal(0);
    expect(window.nonceCount).to.be.within(1, 20_000);
  });

  it('forgets no nonce that lives, and makes room when one has expired', () => {
    let now = 0;
    const window = new NonceCountWindow({ size: 8, maxNonces: 2, now: () => now });
    expect(window.accept('a', 1, 1500)).to.equal('ok');
    expect(window.accept('b', 1, 9000)).to.equal('ok');
    expect(window.accept('c', 1, 9000)).to.equal('full');
    expect(window.accept('a', 1, 1500)).to.equal('replay');
    now = 1499;
    expect(window.accept('c', 1, 9000)).to.equal('full');
    now = 2000;
    expect(window.accept('c', 1, 9000)).to.equal('ok');
    expect(window.accept('b', 1, 9000)).to.equal('replay');
    expect(window.nonceCount).to.equal(2);
  });
});
