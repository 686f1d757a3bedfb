import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect } from 'chai';

import { PushError, SqlitePushQueue, type PushMessage, type SqlitePushQueueOptions } from '../../../push/index.ts';

const START = Date.UTC(2027, 0, 1);

describe('SqlitePushQueue', () => {
  let folder: string;
  let clock: { now: number };
  let queue: SqlitePushQueue;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-queue-'));
    clock = { now: START };
    queue = open();
  });

  afterEach(async () => {
    await queue.close();
    rmSync(folder, { recursive: true });
  });

  function open(options: Partial<SqlitePushQueueOptions> = {}): SqlitePushQueue {
    return SqlitePushQueue.open({
      path: join(folder, 'pushes.sqlite'),
      maximumPushes: 100,
      maximumPushesOfSubscriber: 100,
      maximumPushesOfInitiator: () => undefined,
      retentionMilliseconds: 60_000,
      now: () => clock.now,
      ...options,
    });
  }

  async function reopen(options: Partial<SqlitePushQueueOptions> = {}): Promise<void> {
    await queue.close();
    queue = open(options);
  }

  let number = 0;
  const push = (changes: Partial<PushMessage> = {}): PushMessage => ({
    id: `push-${++number}`,
    initiator: 'weather',
    recipient: { type: 'impu', value: `sip:${number}@example.com` },
    contentType: 'text/plain',
    content: Buffer.from('hello'),
    priority: 'medium',
    acceptedAt: clock.now,
    deliverBefore: clock.now + 60_000,
    ...changes,
  });

  const stateOf = async (id: string, initiator = 'weather'): Promise<string | undefined> =>
    (await queue.status(initiator, id))?.state;

  it('has what was accepted after a restart, as it was', async () => {
    const message = push({
      applicationId: 'x-oma-application:ulp.ua',
      messageClass: 'informational',
      deliverAfter: clock.now,
      notifyUrl: 'https://initiator.example.com/',
      content: Buffer.from([0, 255, 10]),
    });
    expect(await queue.accept(message)).to.equal('accepted');
    expect(await queue.status('weather', message.id)).to.deep.equal({
      id: message.id,
      initiator: 'weather',
      recipient: message.recipient,
      state: 'accepted',
      attempts: 0,
      acceptedAt: START,
      changedAt: START,
    });
    await reopen();
    const [taken] = await queue.take(10);
    expect(taken?.message).to.deep.equal(message);
    expect(await stateOf(message.id)).to.equal('delivering');
  });

  it('is for its owner alone', () => {
    expect(statSync(join(folder, 'pushes.sqlite')).mode & 0o777).to.equal(0o600);
  });

  it('gives what is due by priority and then by age, once', async () => {
    const [low, first, second, high] = [push({ priority: 'low' }), push(), push(), push({ priority: 'high' })];
    for (const message of [low, first, second, high]) await queue.accept(message);
    const ids = (await queue.take(3)).map(({ message }) => message.id);
    expect(ids).to.deep.equal([high.id, first.id, second.id]);
    expect((await queue.take(10)).map(({ message }) => message.id)).to.deep.equal([low.id]);
    expect(await queue.take(10)).to.deep.equal([]);
  });

  it('gives one push of a subscriber at a time, in order', async () => {
    const recipient = { type: 'impu', value: 'sip:alice@example.com' } as const;
    const [first, second, other] = [push({ recipient }), push({ recipient }), push()];
    for (const message of [first, second, other]) await queue.accept(message);
    const [one, another] = await queue.take(10);
    expect([one?.message.id, another?.message.id]).to.deep.equal([first.id, other.id]);
    await queue.settle(one?.key ?? 0, 'delivered', { attempted: true });
    expect((await queue.take(10)).map(({ message }) => message.id)).to.deep.equal([second.id]);
  });

  it('gives nothing before its time', async () => {
    const later = push({ deliverAfter: clock.now + 1000 });
    await queue.accept(later);
    expect(await queue.take(10)).to.deep.equal([]);
    expect(await queue.nextDue()).to.equal(clock.now + 1000);
    clock.now += 1000;
    expect(await queue.take(10)).to.have.length(1);
  });

  it('gives again what was put off, and counts attempts', async () => {
    const message = push();
    await queue.accept(message);
    const [taken] = await queue.take(1);
    await queue.putOff(taken?.key ?? 0, clock.now + 500, { attempted: true, reason: 'no-flow' });
    expect(await queue.take(1)).to.deep.equal([]);
    clock.now += 500;
    const [again] = await queue.take(1);
    expect([again?.wireId, again?.attempts]).to.deep.equal([taken?.wireId, 1]);
    expect(await queue.status('weather', message.id)).to.deep.include({ attempts: 1, reason: 'no-flow' });
  });

  it('gives again after a crash what was under way', async () => {
    await queue.accept(push());
    const [taken] = await queue.take(1);
    // Nothing is written when a push is taken, so closing here is as bad as a kill.
    await reopen();
    expect((await queue.take(1))[0]?.wireId).to.equal(taken?.wireId);
  });

  it('keeps how a push ended, and not what was in it', async () => {
    const message = push({ content: Buffer.from('secret-content') });
    await queue.accept(message);
    const [taken] = await queue.take(1);
    await queue.settle(taken?.key ?? 0, 'delivered', { attempted: true });
    expect(await queue.status('weather', message.id)).to.deep.include({ state: 'delivered', attempts: 1 });
    expect(await queue.size()).to.equal(0);
    const database = new DatabaseSync(join(folder, 'pushes.sqlite'));
    expect(database.prepare('SELECT count(*) AS n FROM pushes WHERE length(content) > 0').get()?.['n']).to.equal(0);
    database.close();
  });

  it('takes the same push of an initiator once', async () => {
    const message = push();
    const copies = await Promise.all([queue.accept(message), queue.accept(message)]);
    expect(copies).to.deep.equal(['accepted', 'duplicate']);
    expect(await queue.accept({ ...message, initiator: 'news' })).to.equal('accepted');
    await queue.cancel('weather', message.id);
    expect(await queue.accept(message), 'after its end').to.equal('duplicate');
  });

  it('is bounded in all, for a subscriber and for an initiator, and refuses the new', async () => {
    await reopen({ maximumPushes: 4, maximumPushesOfSubscriber: 2, maximumPushesOfInitiator: () => 3 });
    const recipient = { type: 'impu', value: 'sip:alice@example.com' } as const;
    const of = async (changes: Partial<PushMessage>): Promise<string> => queue.accept(push(changes));
    expect([await of({ recipient }), await of({ recipient }), await of({ recipient })]).to.deep.equal([
      'accepted',
      'accepted',
      'subscriber-full',
    ]);
    expect([await of({}), await of({})]).to.deep.equal(['accepted', 'initiator-full']);
    expect([await of({ initiator: 'news' }), await of({ initiator: 'news' })]).to.deep.equal([
      'accepted',
      'queue-full',
    ]);
    const [taken] = await queue.take(1);
    await queue.settle(taken?.key ?? 0, 'delivered', { attempted: true });
    expect(await of({ initiator: 'news' }), 'room again').to.equal('accepted');
  });

  it('cancels what waits, and not what is under way or over', async () => {
    const [waiting, underWay] = [push(), push({ priority: 'high' })];
    await queue.accept(waiting);
    await queue.accept(underWay);
    await queue.take(1);
    expect(await queue.cancel('weather', waiting.id)).to.equal('cancelled');
    expect(await queue.cancel('weather', waiting.id)).to.equal('too-late');
    expect(await queue.cancel('weather', underWay.id)).to.equal('too-late');
    expect(await queue.cancel('news', underWay.id), 'of another initiator').to.equal('unknown');
    expect(await stateOf(waiting.id)).to.equal('cancelled');
    expect(await queue.take(10)).to.deep.equal([]);
  });

  it('replaces what waits, even in a full queue, and leaves it when the new one is refused', async () => {
    await reopen({ maximumPushes: 1 });
    const [old, next] = [push({ notifyUrl: 'https://initiator.example.com/' }), push()];
    await queue.accept(old);
    expect(await queue.replace(old.id, { ...next, id: old.id }), 'its own id').to.equal('duplicate');
    expect(await stateOf(old.id)).to.equal('accepted');
    expect(await queue.notifications(10)).to.deep.equal([]);
    expect(await queue.replace(old.id, next)).to.equal('accepted');
    expect([await stateOf(old.id), await stateOf(next.id)]).to.deep.equal(['replaced', 'accepted']);
    expect(await queue.replace(old.id, push())).to.equal('too-late');
    expect(await queue.replace('other', push())).to.equal('unknown');
    const [taken] = await queue.take(10);
    expect(taken?.message.content).to.deep.equal(next.content);
  });

  it('ends what has expired, but not while it is under way', async () => {
    const [waiting, underWay] = [push(), push({ priority: 'high' })];
    await queue.accept(waiting);
    await queue.accept(underWay);
    const [taken] = await queue.take(1);
    clock.now += 60_000;
    expect(await queue.expire()).to.equal(1);
    expect([await stateOf(waiting.id), await stateOf(underWay.id)]).to.deep.equal(['expired', 'delivering']);
    await queue.settle(taken?.key ?? 0, 'delivered', { attempted: true });
    expect(await queue.expire()).to.equal(0);
    expect(await stateOf(underWay.id)).to.equal('delivered');
  });

  it('forgets what ended long ago', async () => {
    const message = push();
    await queue.accept(message);
    await queue.cancel('weather', message.id);
    clock.now += 59_999;
    await queue.expire();
    expect(await stateOf(message.id)).to.equal('cancelled');
    clock.now += 1;
    await queue.expire();
    expect(await stateOf(message.id)).to.equal(undefined);
  });

  it('keeps the notification of an end until the initiator has it', async () => {
    const message = push({ notifyUrl: 'https://initiator.example.com/results' });
    await queue.accept(message);
    await queue.accept(push());
    for (const { key } of await queue.take(2)) await queue.settle(key, 'delivered', { attempted: true });
    const [first, ...others] = await queue.notifications(10);
    expect(others).to.deep.equal([]);
    expect(first).to.deep.include({ url: 'https://initiator.example.com/results', attempts: 0 });
    expect(first?.status).to.deep.include({ id: message.id, state: 'delivered' });
    expect(await queue.notifications(10, ['other', 'weather'])).to.deep.equal([]);
    expect(await queue.notifications(10, ['other'])).to.have.length(1);
    await queue.putOffNotification(first?.key ?? 0, clock.now + 1000);
    expect(await queue.notifications(10)).to.deep.equal([]);
    await reopen();
    clock.now += 120_000;
    await queue.expire();
    const [again] = await queue.notifications(10);
    expect(again?.attempts).to.equal(1);
    await queue.notified(again?.key ?? 0);
    expect(await queue.notifications(10)).to.deep.equal([]);
  });

  it('puts what comes at once into one commit, and tells none before it', async () => {
    const before = queue.counters.commits;
    const messages = Array.from({ length: 50 }, () => push());
    await Promise.all(messages.map((message) => queue.accept(message)));
    expect(queue.counters.commits - before).to.equal(1);
    expect(await queue.size()).to.equal(50);
  });

  it('does not open another program’s database, another version, or what is no database', async () => {
    const failure = (path: string): void => {
      expect(() => open({ path }))
        .to.throw(PushError)
        .with.property('code', 'OSGATE_PUSH_QUEUE');
    };
    const other = join(folder, 'other.sqlite');
    const database = new DatabaseSync(other);
    database.exec('CREATE TABLE things (id INTEGER)');
    database.close();
    failure(other);
    writeFileSync(join(folder, 'text'), 'no database at all '.repeat(100));
    failure(join(folder, 'text'));
    failure(join(folder, 'no', 'where'));
    await queue.close();
    const newer = new DatabaseSync(join(folder, 'pushes.sqlite'));
    newer.exec('PRAGMA user_version = 9');
    newer.close();
    failure(join(folder, 'pushes.sqlite'));
    rmSync(join(folder, 'pushes.sqlite'));
    queue = open();
  });

  it('says that it cannot be used once it is closed', async () => {
    await queue.close();
    const error = await queue.accept(push()).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(PushError).with.property('code', 'OSGATE_PUSH_QUEUE');
    queue = open();
  });
});
