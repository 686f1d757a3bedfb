import { expect } from 'chai';

import {
  mayNotify,
  mayPushTo,
  PushDesk,
  SqlitePushQueue,
  type Initiator,
  type Recipient,
  type Submission,
} from '../../../push/index.ts';

const START = Date.UTC(2027, 0, 1);
const WEATHER: Initiator = {
  name: 'weather',
  recipients: ['example.com', 'tel:+49'],
  applicationIds: ['x-oma-application:ulp.ua', ''],
  notifyUrls: ['https://weather.example.com/results/'],
  maximumContentOctets: 1000,
  maximumOpenPushes: 2,
  burst: 1000,
  perSecond: 1000,
  priority: 'medium',
};

const WEATHER_OF_CLASSES: Initiator = { ...WEATHER, messageClasses: ['informational'] };

describe('PushDesk', () => {
  let queue: SqlitePushQueue;
  let accepted: number;
  const clock = { now: START };

  beforeEach(() => {
    accepted = 0;
    queue = SqlitePushQueue.open({
      path: ':memory:',
      maximumPushes: 100,
      maximumPushesOfSubscriber: 10,
      maximumPushesOfInitiator: () => WEATHER.maximumOpenPushes,
      retentionMilliseconds: 60_000,
      now: () => clock.now,
    });
  });

  afterEach(async () => {
    await queue.close();
  });

  const open = (initiators = [WEATHER]): PushDesk =>
    new PushDesk({
      queue,
      initiators,
      defaultLifetimeSeconds: 3600,
      maximumLifetimeSeconds: 86_400,
      onAccepted: () => accepted++,
      now: () => clock.now,
    });

  const submission = (changes: Partial<Submission> = {}): Submission => ({
    recipient: { type: 'impu', value: 'sip:alice@example.com' },
    contentType: 'text/plain',
    content: Buffer.from('hello'),
    ...changes,
  });

  it('accepts a push, fills in what it does not say, and says that there is one', async () => {
    const outcome = await open().submit(WEATHER, submission());
    if (!outcome.accepted) expect.fail(outcome.reason);
    expect(outcome.message).to.deep.include({
      initiator: 'weather',
      priority: 'medium',
      acceptedAt: START,
      deliverBefore: START + 3_600_000,
    });
    expect(outcome.message.id).to.match(/^[0-9a-f-]{36}$/);
    expect(await queue.size()).to.equal(1);
    expect(accepted).to.equal(1);
  });

  const refusals: Record<string, Partial<Submission>> = {
    'recipient-forbidden': { recipient: { type: 'impu', value: 'sip:alice@example.org' } },
    'application-forbidden': { applicationId: 'x-other' },
    'notify-url-forbidden': { notifyUrl: 'https://weather.example.com.evil.example/results/' },
    'priority-forbidden': { priority: 'high' },
    'content-too-large': { content: Buffer.alloc(1001) },
    'content-type-invalid': { contentType: 'text/plain\r\nX: y' },
    'id-invalid': { id: 'a b' },
    'application-id-invalid': { applicationId: 'a b' },
    'deliver-before-past': { deliverBefore: START },
    'deliver-before-far': { deliverBefore: START + 86_400_001 },
    'replaced-unknown': { replaces: 'nothing' },
  };
  for (const [reason, changes] of Object.entries(refusals)) {
    it(`refuses with ${reason}, counts it, and keeps nothing`, async () => {
      const desk = open();
      expect(await desk.submit(WEATHER, submission(changes))).to.deep.include({ accepted: false, reason });
      expect(desk.counters.refused).to.have.property(reason, 1);
      expect([await queue.size(), accepted]).to.deep.equal([0, 0]);
    });
  }

  it('lets an initiator that is held to message classes push those alone, and none without a class', async () => {
    const desk = open([WEATHER_OF_CLASSES]);
    const submit = async (changes: Partial<Submission>) => {
      const outcome = await desk.submit(WEATHER_OF_CLASSES, submission(changes));
      return outcome.accepted ? outcome.message.messageClass : outcome.reason;
    };
    expect(await submit({ messageClass: 'advertisement' })).to.equal('message-class-forbidden');
    expect(await submit({})).to.equal('message-class-forbidden');
    expect(await submit({ messageClass: 'informational' })).to.equal('informational');
    expect(desk.counters.refused['message-class-forbidden']).to.equal(2);
  });

  it('refuses a time of delivery after the end', async () => {
    const changes = { deliverAfter: START + 2000, deliverBefore: START + 1000 };
    expect(await open().submit(WEATHER, submission(changes))).to.deep.include({ reason: 'deliver-before-past' });
    expect(await open().submit(WEATHER, submission({ deliverAfter: START + 90_000_000 }))).to.deep.include({
      reason: 'deliver-before-far',
    });
  });

  it('refuses what the queue has no room for, and the same id again', async () => {
    const desk = open();
    await desk.submit(WEATHER, submission({ id: '1' }));
    expect(await desk.submit(WEATHER, submission({ id: '1' }))).to.deep.include({ reason: 'duplicate' });
    await desk.submit(WEATHER, submission({ id: '2' }));
    expect(await desk.submit(WEATHER, submission({ id: '3' }))).to.deep.include({ reason: 'initiator-full' });
    const replaced = await desk.submit(WEATHER, submission({ id: '3', replaces: '2' }));
    expect(replaced.accepted).to.equal(true);
    expect((await desk.status(WEATHER, '2'))?.state).to.equal('replaced');
    expect(await desk.submit(WEATHER, submission({ id: '4', replaces: '2' }))).to.deep.include({
      reason: 'replaced-too-late',
    });
  });

  it('refuses what comes too fast, and says how long to wait', async () => {
    const slow = { ...WEATHER, burst: 2, perSecond: 0.1 };
    const desk = open([slow]);
    await desk.submit(slow, submission());
    await desk.submit(slow, submission());
    const outcome = await desk.submit(slow, submission());
    expect(outcome).to.deep.include({ accepted: false, reason: 'rate-limited' });
    expect(outcome.accepted ? 0 : outcome.retryAfterMilliseconds).to.be.within(1, 10_000);
  });

  it('lets an initiator see and cancel its own pushes alone', async () => {
    const news = { ...WEATHER, name: 'news' };
    const desk = open([WEATHER, news]);
    await desk.submit(WEATHER, submission({ id: '1' }));
    expect(await desk.status(news, '1')).to.equal(undefined);
    expect(await desk.cancel(news, '1')).to.equal('unknown');
    expect(await desk.cancel(WEATHER, '1')).to.equal('cancelled');
    expect((await desk.status(WEATHER, '1'))?.state).to.equal('cancelled');
  });
});

describe('rights of an initiator', () => {
  const recipients: [string, Recipient['type'], boolean][] = [
    ['sip:alice@example.com', 'impu', true],
    ['sip:alice@EXAMPLE.com:5060;user=phone', 'impu', true],
    ['sips:alice@example.com', 'impu', true],
    ['alice@example.com', 'impi', true],
    ['tel:+491701234567', 'impu', true],
    ['tel:+331234567', 'impu', false],
    ['sip:alice@sub.example.com', 'impu', false],
    ['sip:alice@example.com.evil.example', 'impu', false],
    ['sip:example.com@evil.example', 'impu', false],
    ['sip:alice@evil.example;x=@example.com', 'impu', false],
    ['sip:example.com;x@evil.example', 'impu', false],
    ['sip:example.com?x@evil.example', 'impu', false],
    ['sip:alice;day=tuesday@example.com', 'impu', true],
    ['alice@evil.example', 'impi', false],
  ];
  for (const [value, type, allowed] of recipients) {
    it(`${allowed ? 'let' : 'do not let'} it push to ${value}`, () => {
      expect(mayPushTo(WEATHER, { type, value })).to.equal(allowed);
    });
  }

  it('let it push to everybody where they say so', () => {
    expect(mayPushTo({ ...WEATHER, recipients: ['*'] }, { type: 'impi', value: 'a@b' })).to.equal(true);
  });

  const urls: [string, boolean][] = [
    ['https://weather.example.com/results/1', true],
    ['https://weather.example.com/other', false],
    ['https://weather.example.com/results/../other', false],
    ['http://weather.example.com/results/1', false],
    ['https://weather.example.com:8443/results/1', false],
    ['https://weather.example.com@evil.example/results/', false],
    ['https://user:pass@weather.example.com/results/', false],
    ['https://weather.example.com.evil.example/results/', false],
    ['file:///etc/passwd', false],
    ['no url', false],
  ];
  for (const [url, allowed] of urls) {
    it(`${allowed ? 'let' : 'do not let'} notifications go to ${url}`, () => {
      expect(mayNotify(WEATHER, url)).to.equal(allowed);
    });
  }
});
