import { expect } from 'chai';
import fc from 'fast-check';

import { AnsweredRequests } from '../../../sip/transaction/answered-requests.ts';
import { TransactionKey } from '../../../sip/transaction/transaction-key.ts';
import type { Flow } from '../../../sip/index.ts';
import { silentTransport } from '../../support/fake-listener.ts';
import { VirtualScheduler } from '../../support/virtual-scheduler.ts';

const LIFETIME = 32_000;
const transport = silentTransport('UDP');
const keyOf = (branch: string, seed = 1): TransactionKey =>
  new TransactionKey(seed, 'MESSAGE', branch, '192.0.2.1', 5060);
const flowOf = (port: number): Flow => ({ transport, peer: { address: '192.0.2.1', port } });

describe('what is left of answered requests', () => {
  it('gives each answer back with its way until its time is over, whatever came in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.nat(400), octets: fc.nat(60_000), wait: fc.nat(4000) }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 64 }),
        fc.nat(0xffff_ffff),
        (steps, capacity, seed) => {
          const scheduler = new VirtualScheduler();
          const answered = new AnsweredRequests(scheduler, LIFETIME, capacity);
          const known = new Map<string, { bytes: Buffer; port: number; endsAt: number }>();
          for (const { key: number, octets, wait } of steps) {
            scheduler.advance(wait);
            const key = `z9hG4bK${number}`;
            const before = known.get(key);
            // A key is added once only while it is remembered, which may be a little longer than its lifetime.
            if (before === undefined || scheduler.now() > before.endsAt + LIFETIME / 50) {
              const bytes = Buffer.alloc(octets, number);
              expect(answered.add(keyOf(key, seed), bytes.toString('latin1'), flowOf(number + 1))).to.equal(true);
              known.set(key, { bytes, port: number + 1, endsAt: scheduler.now() + LIFETIME });
            }
            for (const [name, { bytes, port, endsAt }] of known) {
              const found = answered.find(keyOf(name, seed));
              if (scheduler.now() < endsAt) {
                expect(found?.flow.peer).to.deep.equal({ address: '192.0.2.1', port });
                expect(found?.flow.transport).to.equal(transport);
                expect(found?.bytes.equals(bytes)).to.equal(true);
              } else if (scheduler.now() > endsAt + LIFETIME / 50) expect(found).to.equal(undefined);
            }
            expect(answered.find(keyOf('z9hG4bKnever', seed))).to.equal(undefined);
          }
          scheduler.advance(2 * LIFETIME);
          expect(answered.size).to.equal(0);
          expect(scheduler.size, 'timers left').to.equal(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not remember what is larger than its chunks, and forgets all when it is cleared', () => {
    const scheduler = new VirtualScheduler();
    const answered = new AnsweredRequests(scheduler, LIFETIME, 16);
    expect(answered.add(keyOf('large'), 'x'.repeat(300_000), flowOf(1))).to.equal(false);
    expect(answered.add(keyOf('small'), 'x'.repeat(10), flowOf(1))).to.equal(true);
    answered.clear();
    expect(answered.find(keyOf('small'))).to.equal(undefined);
    expect(answered.size).to.equal(0);
    expect(answered.add(keyOf('small'), 'again', flowOf(2))).to.equal(true);
    expect(answered.find(keyOf('small'))?.bytes.toString()).to.equal('again');
  });
});
