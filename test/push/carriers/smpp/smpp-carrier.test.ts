import { expect } from 'chai';

import {
  formatSegments,
  formatWspPush,
  parseUserData,
  parseWspPush,
  type CarrierResult,
  type SmppCarrier,
  type SmppCarrierOptions,
  type SmppCarrierSettings,
  type SmppLinkEvent,
} from '../../../../push/index.ts';
import { PerlSmsc } from '../../support/perl-smsc.ts';
import { smppCarrier, until } from '../../support/smpp-settings.ts';

const BOB = { type: 'impu', value: 'tel:+491700000001' } as const;
const TYPE = 'application/vnd.osgate.gba-push';

describe('push: short messages over an SMSC made of Net::SMPP', function () {
  this.timeout(20_000);

  let smsc: PerlSmsc;
  let carrier: SmppCarrier;
  let uplink: Buffer[];
  let events: SmppLinkEvent[];
  let answered: AbortController;

  beforeEach(async () => {
    [uplink, events, answered] = [[], [], new AbortController()];
    smsc = await PerlSmsc.start();
  });

  afterEach(async () => {
    await carrier.close();
    await smsc.stop();
  });

  const open = async (
    settings: Partial<SmppCarrierSettings> = {},
    options: Partial<SmppCarrierOptions> = {},
  ): Promise<void> => {
    carrier = await smppCarrier(smsc.port, settings, {
      uplink: (octets) => uplink.push(octets),
      onEvent: (event) => events.push(event),
      ...options,
    });
    await until(() => carrier.state === 'bound');
  };

  const deliver = (octets: Buffer, deliverBefore = Date.now() + 3_600_000): Promise<CarrierResult> =>
    carrier.deliver({
      ...{
        recipient: BOB,
        octets,
        contentType: TYPE,
        applicationId: 'loc.ua',
        deliverBefore,
        answered: answered.signal,
      },
    });

  const reason = (result: CarrierResult): string => (result.outcome === 'failed' ? result.reason : result.outcome);

  it('binds as a transceiver, and unbinds when it is closed', async () => {
    await open();
    expect(await smsc.line(/^bind /)).to.equal('bind osgate good 52');
    await carrier.close();
    await smsc.line(/^unbind/);
    expect(events).to.deep.equal([{ kind: 'bound' }]);
  });

  it('submits a package as one WSP push with ports in the user data header', async () => {
    await open();
    const end = Date.UTC(2026, 11, 24, 20, 15, 9, 250);
    const result = await deliver(Buffer.from('hello'), Math.min(end, Date.now() + 100_000));
    expect(result.outcome).to.equal('sent');
    const [, destination, ton, npi, esmClass, coding, receipt, validity] = (await smsc.line(/^submit /)).split(' ');
    expect([destination, ton, npi, esmClass, coding, receipt]).to.deep.equal([
      '491700000001',
      '1',
      '1',
      '64',
      '4',
      '2',
    ]);
    expect(validity).to.match(/^[0-9]{12}[0-9]00\+$/);
    const data = parseUserData(smsc.submitted[0] ?? Buffer.alloc(0));
    expect(data?.header).to.deep.equal({ ports: { destination: 2948, source: 9200 } });
    const push = parseWspPush(data?.body ?? Buffer.alloc(0));
    expect(push).to.include({ contentType: TYPE, applicationId: 'loc.ua' });
    expect(push?.body.toString()).to.equal('hello');
  });

  it('asks the SMSC to try until deliverBefore, but never longer than it may', async () => {
    await open({ maximumValidityMilliseconds: 60_000 }, { clock: fixedClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) });
    await deliver(Buffer.from('1'), Date.UTC(2026, 0, 2, 3, 4, 35, 0));
    await deliver(Buffer.from('2'), Date.UTC(2026, 0, 9));
    await smsc.order('sync');
    const validity = smsc.lines.filter((line) => line.startsWith('submit ')).map((line) => line.split(' ')[7]);
    expect(validity).to.deep.equal(['260102030435000+', '260102030505600+']);
  });

  for (const referenceBits of [8, 16] as const) {
    it(`splits what one short message cannot hold, with a reference of ${referenceBits} bits`, async () => {
      await open({ referenceBits });
      const octets = Buffer.from(Array.from({ length: 400 }, (_, index) => index & 0xff));
      expect((await deliver(octets)).outcome).to.equal('sent');
      await smsc.order('sync');
      const parts = smsc.submitted.map((part) => parseUserData(part));
      expect(smsc.submitted.every(({ length }) => length <= 140)).to.equal(true);
      expect(parts.map((part) => part?.header.concatenation?.part)).to.deep.equal([1, 2, 3, 4]);
      expect(parts.every((part) => part?.header.concatenation?.referenceBits === referenceBits)).to.equal(true);
      expect(new Set(parts.map((part) => part?.header.concatenation?.reference)).size).to.equal(1);
      const whole = Buffer.concat(parts.map((part) => part?.body ?? Buffer.alloc(0)));
      expect(parseWspPush(whole)?.body.equals(octets)).to.equal(true);
    });
  }

  it('does not send what needs more short messages than it may, or has no number', async () => {
    await open({ maximumSegments: 2 });
    expect(reason(await deliver(Buffer.alloc(400)))).to.equal('too-large');
    const recipient = { type: 'impi', value: 'bob@home1.example' } as const;
    expect(carrier.canReach(recipient)).to.equal(false);
    const result = await carrier.deliver({
      ...{ recipient, octets: Buffer.alloc(1), contentType: TYPE, deliverBefore: 0, answered: answered.signal },
    });
    expect(reason(result)).to.equal('no-address');
    await smsc.order('sync');
    expect(smsc.submitted).to.have.length(0);
  });

  it('tells temporary from permanent refusals', async () => {
    await open();
    await smsc.order('refuse 11 1');
    expect(await deliver(Buffer.from('a'))).to.deep.equal({
      outcome: 'failed',
      temporary: false,
      reason: 'smpp-RINVDSTADR',
    });
    await smsc.order('refuse 8 1');
    expect(await deliver(Buffer.from('b'))).to.deep.equal({
      outcome: 'failed',
      temporary: true,
      reason: 'smpp-RSYSERR',
    });
    await smsc.order('refuse 1025 1');
    expect(reason(await deliver(Buffer.from('c')))).to.equal('smpp-0x00000401');
    expect(carrier.counters.refused).to.equal(3);
  });

  it('lets an SMSC that has too much to do be for a while', async () => {
    await open({ throttlePauseMilliseconds: 60_000 });
    await smsc.order('refuse 88 1');
    const first = await deliver(Buffer.from('a'));
    expect(first).to.include({ temporary: true, reason: 'smpp-RTHROTTLED', retryAfterMilliseconds: 60_000 });
    const second = await deliver(Buffer.from('b'));
    expect(second).to.include({ temporary: true, reason: 'smpp-throttled' });
    await smsc.order('sync');
    expect(smsc.submitted).to.have.length(1);
    expect(carrier.counters.throttled).to.equal(1);
  });

  it('hears of a failed delivery at once, even when its receipt comes with the response', async () => {
    await open();
    await smsc.order('receipts UNDELIV');
    const result = await deliver(Buffer.from('a'));
    const undelivered = result.outcome === 'sent' ? await result.undelivered : undefined;
    expect(undelivered).to.deep.equal({ outcome: 'failed', temporary: true, reason: 'smpp-undelivered' });
    await smsc.line(/^delivered 0/);
    expect(carrier.counters).to.include({ receiptsFailed: 1, receiptsUnmatched: 0 });
  });

  it('takes receipts of success, and of what nobody waits for', async () => {
    await open({ receipts: 'all', maximumAwaitedReceipts: 1 });
    await smsc.order('receipts DELIVRD');
    await deliver(Buffer.from('a'));
    await smsc.line(/^delivered 0/);
    answered.abort();
    await deliver(Buffer.from('b'));
    await smsc.line(/^delivered 0/, 2);
    expect(carrier.counters).to.include({ receiptsDelivered: 2, receiptsUnmatched: 1 });
    expect((await smsc.line(/^submit /)).split(' ')[6]).to.equal('1');
  });

  it('waits for receipts of only so many messages', async () => {
    await open({ maximumAwaitedReceipts: 1 });
    await deliver(Buffer.from('a'));
    await deliver(Buffer.from('b'));
    expect(carrier.counters).to.include({ receiptsUntracked: 1 });
  });

  it('has only so many submits without a response, and lets only so many wait', async () => {
    await open({ maximumOutstanding: 2, maximumWaiting: 1 });
    await smsc.order('hold');
    const results = [1, 2, 3, 4].map((number) => deliver(Buffer.of(number)));
    expect(reason(await (results[3] ?? Promise.reject(new Error())))).to.equal('smpp-busy');
    await smsc.line(/^submit /, 2);
    expect(smsc.submitted).to.have.length(2);
    await smsc.order('release');
    expect((await Promise.all(results.slice(0, 3))).map(reason)).to.deep.equal(['sent', 'sent', 'sent']);
    expect(carrier.counters).to.include({ sent: 3, overflows: 1 });
  });

  it('gives up on a response that does not come', async () => {
    await open({ responseTimeoutMilliseconds: 300 });
    await smsc.order('hold');
    expect(await deliver(Buffer.from('a'))).to.deep.equal({
      outcome: 'failed',
      temporary: true,
      reason: 'smpp-timeout',
    });
    expect(carrier.counters).to.include({ responseTimeouts: 1 });
  });

  it('comes back when the connection is lost, and fails what was under way', async () => {
    await open();
    await smsc.order('hold');
    const lost = deliver(Buffer.from('a'));
    await smsc.line(/^submit /);
    await smsc.order('drop');
    expect(reason(await lost)).to.equal('smpp-unbound');
    await smsc.line(/^bind /, 2);
    await until(() => carrier.state === 'bound');
    await smsc.order('release');
    expect((await deliver(Buffer.from('b'))).outcome).to.equal('sent');
    expect(events.map(({ kind }) => kind)).to.deep.equal(['bound', 'lost', 'bound']);
  });

  it('says that its bind was refused, and goes on trying', async () => {
    await smsc.stop();
    smsc = await PerlSmsc.start('osgate', 'another');
    carrier = await smppCarrier(smsc.port, {}, { onEvent: (event) => events.push(event) });
    await smsc.line(/^bind osgate bad/, 2);
    expect(events[0]).to.deep.equal({ kind: 'bind-refused', reason: 'smpp-RINVPASWD' });
    expect(reason(await deliver(Buffer.from('a')))).to.equal('smpp-unbound');
    expect(JSON.stringify(events)).not.to.contain('secret');
  });

  it('asks whether the SMSC is there', async () => {
    await open({ enquireLinkMilliseconds: 50 });
    await smsc.line(/^enquire/, 2);
  });

  it('hands on what agents send: WSP pushes, bare packages, and both in parts', async () => {
    await open();
    const ports = { destination: 2948, source: 9200 };
    const long = Buffer.alloc(300, 7);
    const split = (octets: Buffer, port: number): Buffer[] =>
      formatSegments(octets, {
        ports: { ...ports, destination: port },
        reference: 9,
        referenceBits: 8,
        maximumSegments: 9,
      }) ?? [];
    const push = formatWspPush({ transactionId: 1, contentType: TYPE, body: long });
    const messages = [
      ...split(formatWspPush({ transactionId: 1, contentType: TYPE, body: Buffer.from('push') }), 2948),
      ...split(Buffer.from('ports'), 9200),
      ...split(push, 2948).reverse(),
    ];
    await smsc.order(`deliver 0 4 ${Buffer.from('bare').toString('hex')}`);
    for (const octets of messages) await smsc.order(`deliver 64 4 ${octets.toString('hex')}`);
    await smsc.line(/^delivered 0/, 1 + messages.length);
    expect(uplink.slice(0, 3).map(String)).to.deep.equal(['bare', 'push', 'ports']);
    expect(uplink[3]?.equals(long)).to.equal(true);
    expect(uplink).to.have.length(4);
  });

  it('takes and drops what is of no use, and tells the SMSC to come later when it is too much', async () => {
    await open({ uplinkPerSecond: 2 });
    // No message of a user, then a header that is longer than the message, then no WSP push, then one too many.
    await smsc.order('deliver 8 0 61');
    await smsc.order('deliver 64 4 ff05');
    await smsc.order('deliver 64 4 0605040b8423f00107ff');
    await smsc.line(/^delivered 0/, 3);
    await smsc.order('deliver 0 4 61');
    await smsc.line(/^delivered 100/);
    expect(carrier.counters).to.include({ uplinkIgnored: 3, uplinkDropped: 1, uplinkReceived: 0 });
  });

  it('fails what is given to it after it was closed', async () => {
    await open();
    await carrier.close();
    expect(reason(await deliver(Buffer.from('a')))).to.equal('smpp-unbound');
  });
});

/** A clock that stands still, and whose timers run all the same. */
function fixedClock(now: number): NonNullable<SmppCarrierOptions['clock']> {
  return {
    now: () => now,
    after(milliseconds, work) {
      const timer = setTimeout(work, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
