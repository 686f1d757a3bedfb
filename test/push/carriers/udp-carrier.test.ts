import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { expect } from 'chai';

import { UdpCarrier, type CarrierResult, type UdpCarrierOptions } from '../../../push/index.ts';

const ALICE = { type: 'impu', value: 'sip:alice@example.com' } as const;
const BOB = { type: 'impu', value: 'sip:bob@example.com' } as const;

describe('UdpCarrier', () => {
  let device: Socket;
  let carrier: UdpCarrier;
  let uplink: Buffer[];
  let got: Buffer[];

  beforeEach(async () => {
    device = createSocket('udp4');
    device.bind(0, '127.0.0.1');
    await once(device, 'listening');
    [uplink, got] = [[], []];
    device.on('message', (octets) => got.push(octets));
    carrier = await open();
  });

  afterEach(async () => {
    await carrier.close();
    device.close();
  });

  const open = (options: Partial<UdpCarrierOptions> = {}): Promise<UdpCarrier> =>
    UdpCarrier.open({
      host: '127.0.0.1',
      port: 0,
      addressOf: ({ value }) => (value === ALICE.value ? device.address() : undefined),
      uplink: (octets) => uplink.push(octets),
      maximumOctets: 1200,
      retransmitMilliseconds: 10,
      maximumCopies: 3,
      uplinkPerSecond: 100,
      ...options,
    });

  const deliver = (octets: Buffer, answered: AbortSignal, recipient: typeof ALICE | typeof BOB = ALICE) =>
    carrier.deliver({ recipient, octets, contentType: 'x/y', deliverBefore: 0, answered });

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('sends a package and copies of it until the agent has answered', async () => {
    const answered = new AbortController();
    expect(await deliver(Buffer.from('one'), answered.signal)).to.deep.equal({ outcome: 'sent' });
    await until(() => got.length >= 2);
    answered.abort();
    const { copies } = carrier.counters;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(carrier.counters.copies).to.equal(copies);
    expect(got.every((octets) => octets.equals(Buffer.from('one')))).to.equal(true);
  });

  it('sends only so many copies', async () => {
    await deliver(Buffer.from('one'), new AbortController().signal);
    await until(() => got.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(got).to.have.length(4);
  });

  it('hands on what agents send, and drops what is too much', async () => {
    await carrier.close();
    carrier = await open({ uplinkPerSecond: 5 });
    for (let count = 0; count < 20; count++) device.send(Buffer.of(count), carrier.local.port, '127.0.0.1');
    await until(() => carrier.counters.received + carrier.counters.dropped === 20);
    expect(uplink[0]).to.deep.equal(Buffer.of(0));
    expect(carrier.counters.dropped).to.be.at.least(10);
  });

  it('fails for a package that is too large, for a subscriber without a device, and when it is closed', async () => {
    const { signal } = new AbortController();
    const reason = (result: CarrierResult): string => (result.outcome === 'failed' ? result.reason : result.outcome);
    expect(carrier.canReach(ALICE)).to.equal(true);
    expect(carrier.canReach(BOB)).to.equal(false);
    expect(reason(await deliver(Buffer.alloc(1201), signal))).to.equal('too-large');
    expect(reason(await deliver(Buffer.alloc(1), signal, BOB))).to.equal('no-address');
    await carrier.close();
    expect(reason(await deliver(Buffer.alloc(1), signal))).to.equal('udp-send');
    carrier = await open();
  });
});
