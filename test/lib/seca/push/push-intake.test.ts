import { expect } from 'chai';

import { PushIntake, type PushIntakeOptions } from '../../../../lib/seca/push/push-intake.ts';
import type { Reception } from '../../../../push/index.ts';

type Receive = PushIntakeOptions['receiver']['receive'];

describe('PushIntake', () => {
  const seen: Reception[] = [];
  const errors: unknown[] = [];

  beforeEach(() => {
    seen.length = 0;
    errors.length = 0;
  });

  function intakeOf(receive: Receive, changes: Partial<PushIntakeOptions> = {}): PushIntake {
    return new PushIntake({
      receiver: { receive },
      maximumUnderWay: 3,
      repliesRemembered: 2,
      replyMilliseconds: 60_000,
      events: { received: (reception) => seen.push(reception), failed: (error) => errors.push(error) },
      ...changes,
    });
  }

  const delivered: Receive = async (octets) => ({
    reception: { outcome: 'delivered', id: octets.toString(), duplicate: false },
    reply: Buffer.from(`reply to ${octets.toString()}`),
  });

  const take = async (intake: PushIntake, text: string): ReturnType<PushIntake['take']> =>
    intake.take(Buffer.from(text), 'test');

  it('turns new packages away while as many as may be are under way, joins copies, and goes on afterwards', async () => {
    const gate = Promise.withResolvers<undefined>();
    const intake = intakeOf(async (octets) => {
      await gate.promise;
      return delivered(octets);
    });
    const first = ['a', 'b', 'c'].map((text) => take(intake, text));
    const copy = take(intake, 'a');
    expect(await take(intake, 'd')).to.deep.equal({ outcome: 'busy' });
    gate.resolve(undefined);
    expect(await copy).to.deep.equal(await first[0]);
    expect((await take(intake, 'd')).outcome).to.equal('taken');
    expect(intake.counters).to.deep.include({ received: 6, copies: 1, busy: 1, delivered: 4 });
  });

  it('keeps so many replies, and none to what was not proven', async () => {
    const intake = intakeOf(async (octets) =>
      octets.toString().startsWith('x')
        ? { reception: { outcome: 'ignored', reason: 'malformed' } }
        : delivered(octets),
    );
    await take(intake, 'a');
    await take(intake, 'b');
    for (let index = 0; index < 10; index++) await take(intake, `x${index}`);
    await take(intake, 'a');
    expect(intake.counters.copies, 'strangers pushed nothing out').to.equal(1);
    await take(intake, 'c');
    await take(intake, 'b');
    expect(intake.counters.copies, 'the oldest one went for c').to.equal(1);
    expect(intake.counters.ignored).to.deep.equal({ malformed: 10 });
  });

  it('lesson 29: has nothing under way after any number of packages, also of those that fail', async () => {
    let calls = 0;
    const intake = intakeOf(async (octets) => {
      if (++calls % 2 === 0) throw new Error('the store is gone');
      return delivered(octets);
    });
    for (let index = 0; index < 1000; index++) await take(intake, String(index));
    expect(intake.underWay).to.equal(0);
    expect(intake.counters).to.deep.include({ received: 1000, failures: 500, delivered: 500, busy: 0 });
    expect(errors).to.have.length(500);
  });

  it('takes nothing after its end', async () => {
    const intake = intakeOf(delivered);
    await intake.close();
    expect(await take(intake, 'a')).to.deep.equal({ outcome: 'busy' });
  });
});
