import { join } from 'node:path';

import { expect } from 'chai';

import { SipRequest, SipResponse, tagOf } from '../../sip/index.ts';
import { Capture } from '../support/capture.ts';
import { Baresip } from './support/baresip.ts';
import { startBehindGateway, type BehindGateway } from './support/behind-gateway.ts';

describe('interop: baresip as a client', function () {
  this.timeout(60_000);
  let stage: BehindGateway;
  let capture: Capture;
  let caller: Baresip;
  let callee: Baresip;

  before(async () => {
    stage = await startBehindGateway({
      agents: 3,
      digest: { algorithms: ['MD5'] },
      moreListeners: [listenerWith('sha-256-first', ['SHA-256', 'MD5']), listenerWith('md5-first', ['MD5', 'SHA-256'])],
    });
    capture = await Capture.start(join(stage.system.folder, 'baresip.pcapng'));
    caller = await start(0);
    callee = await start(1, { answers: true });
  });

  after(async () => {
    capture.kill();
    await caller.stop();
    await callee.stop();
    await stage.stop();
  });

  const start = async (
    number: number,
    more: { answers?: boolean; watches?: string } = {},
    port = stage.system.gatewayPort,
  ): Promise<Baresip> =>
    Baresip.start({
      folder: stage.system.folder,
      impu: stage.agent(number).impu,
      credentials: stage.agent(number),
      gatewayPort: port,
      ...more,
    });

  const seen = (method: string): SipRequest[] =>
    stage.kamailio.seen.filter((message) => message instanceof SipRequest && message.method === method) as SipRequest[];

  it('registers with digest through the gateway at Kamailio', async () => {
    for (const phone of [caller, callee]) await phone.waitForOutput('200 OK (kamailio');
    const [register] = seen('REGISTER');
    expect(register?.headers('P-Asserted-Identity').length).to.equal(1);
    expect(register?.has('Proxy-Authorization')).to.equal(false);
  });

  it('sipnat=outbound: reg-id and +sip.instance reach the registrar as they were (RFC 5626)', () => {
    const register = seen('REGISTER').find(({ to }) => to.uri === stage.agent(0).impu);
    expect(register?.header('Contact')).to.contain(';reg-id=1');
    expect(register?.header('Contact')).to.match(/;\+sip\.instance="<urn:uuid:[0-9a-f-]{36}>"/);
    expect(register?.values('Supported')).to.include.members(['outbound', 'path']);
    expect(register?.values('Path').length, 'one a side of the gateway').to.equal(2);
  });

  it('calls another baresip through the gateway, Kamailio and the gateway again, and hangs up', async () => {
    caller.command('dial', stage.agent(1).impu);
    await caller.waitFor('CALL_ESTABLISHED');
    await callee.waitFor('CALL_ESTABLISHED');
    // Silence would be no call: tshark looks for sound below.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    caller.command('hangup');
    await callee.waitFor('CALL_CLOSED');

    const [invite] = seen('INVITE');
    expect(invite?.headers('P-Asserted-Identity')).to.deep.equal([`<${stage.agent(0).impu}>`]);
    const [bye] = seen('BYE');
    expect(bye?.values('Route').length, 'Kamailio, and the gateway on the callee’s way').to.equal(3);
    expect(bye?.headers('P-Asserted-Identity'), 'authenticated in the dialog').to.deep.equal([
      `<${stage.agent(0).impu}>`,
    ]);
    const ack = seen('ACK').find(({ to }) => tagOf(to) !== undefined);
    expect(ack, 'the ACK of the 200').not.to.equal(undefined);
    expect(ack?.has('Proxy-Authorization')).to.equal(false);
  });

  it('the call that the callee sees is from whom the gateway says', () => {
    const call = callee.events.find(({ type }) => type === 'CALL_ESTABLISHED');
    expect(call?.peeruri).to.equal(stage.agent(0).impu);
  });

  it('gives a call up while it rings: CANCEL and 487 pass', async () => {
    const before = seen('CANCEL').length;
    // The caller does not answer by itself.
    callee.command('dial', stage.agent(0).impu);
    await caller.waitFor('CALL_INCOMING');
    callee.command('hangup');
    await stage.kamailio.waitForMessage(
      'the end of the call',
      (message) => message instanceof SipResponse && message.status === 487,
    );
    expect(seen('CANCEL').length - before).to.equal(1);
  });

  it('subscribes to presence and takes the NOTIFY of the location server', async () => {
    const watcher = await start(2, { watches: 'sip:bob@example.com' });
    try {
      await stage.kamailio.waitForMessage(
        'the answer to the NOTIFY',
        (message) => message instanceof SipResponse && message.cseq.method === 'NOTIFY' && message.status === 200,
      );
      expect(seen('SUBSCRIBE')[0]?.header('Event')).to.equal('presence');
      expect(seen('NOTIFY')[0]?.values('Route').length, 'the gateway, on both sides').to.be.greaterThan(0);
    } finally {
      await watcher.stop();
    }
  });

  it('cannot answer where SHA-256 is on offer at all, which is why such phones need a listener with MD5 only', async () => {
    for (const listener of ['sha-256-first', 'md5-first']) {
      const phone = await start(2, {}, await stage.system.listenerPort(listener));
      try {
        // ENOSYS in the words of the C library.
        await phone.waitForOutput('Function not implemented');
      } finally {
        await phone.stop();
      }
    }
  });

  it('tshark finds nothing malformed in all of it', async () => {
    await capture.stop();
    const { gatewayPort } = stage.system;
    const ports = [gatewayPort, await stage.system.listenerPort('inside'), stage.kamailio.port];
    expect((await capture.dissect(ports, 'sip')).length, 'SIP messages dissected').to.be.greaterThan(50);
    expect((await capture.dissect(ports, 'rtp')).length, 'sound, where SDP said').to.be.greaterThan(50);
    expect(await capture.faults(ports)).to.deep.equal([]);
  });
});

function listenerWith(name: string, algorithms: readonly string[]): object {
  const digest = { type: 'gba-digest', uaSecurityProtocolId: '0300000002', algorithms };
  return { name, host: '127.0.0.1', port: 0, fqdn: 'osg.example.com', authenticators: [digest] };
}
