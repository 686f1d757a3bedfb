import { expect } from 'chai';

import { NodeProcess, OSGATE, portOf } from '../../scenarios/support/node-process.ts';
import { scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { GATEWAY_FQDN } from '../../scenarios/support/system.ts';
import { SipRequest } from '../../sip/index.ts';
import { Baresip } from './support/baresip.ts';
import { startBehindGateway, type BehindGateway } from './support/behind-gateway.ts';

const LISTENER = {
  name: 'agents-dtls',
  host: '127.0.0.1',
  port: 0,
  transports: ['dtls'],
  fqdn: GATEWAY_FQDN,
  authenticators: [{ type: 'gba-psk' }],
};

describe('interop: baresip, which knows no DTLS, through osgate agent proxy', function () {
  this.timeout(60_000);
  let stage: BehindGateway;
  const proxies: NodeProcess[] = [];
  const phones: Baresip[] = [];

  before(async () => {
    stage = await startBehindGateway({ agents: 2, moreListeners: [LISTENER] });
    const gateway = `sip:127.0.0.1:${await stage.system.listenerPort('agents-dtls')}`;
    for (const number of [0, 1]) {
      const config = await stage.system.agentConfig(`proxy${number}`, scenarioSubscriber(number), { gateway });
      const proxy = new NodeProcess('agent proxy', OSGATE, ['agent', 'proxy', '-c', config, '--listen', '127.0.0.1:0']);
      proxies.push(proxy);
      const gatewayPort = portOf(await proxy.waitFor('listening', ({ event }) => event === 'listening'));
      const { impu } = stage.agent(number);
      // It has no password, and needs none.
      const credentials = { username: 'nobody', password: 'nothing' };
      const answers = number === 1;
      phones.push(await Baresip.start({ folder: stage.system.folder, impu, credentials, gatewayPort, answers }));
    }
  });

  after(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await stage.stop();
  });

  it('registers without a password, as the subscriber', async () => {
    for (const phone of phones) await phone.waitForOutput('200 OK (kamailio');
    const register = stage.kamailio.seen.find(
      (message): message is SipRequest => message instanceof SipRequest && message.method === 'REGISTER',
    );
    expect(register?.headers('P-Asserted-Identity').length).to.equal(1);
  });

  it('calls another one, both ways of the dialog through the association, and hangs up', async () => {
    const [caller, callee] = phones;
    caller?.command('dial', stage.agent(1).impu);
    await caller?.waitFor('CALL_ESTABLISHED');
    await callee?.waitFor('CALL_ESTABLISHED');
    caller?.command('hangup');
    await callee?.waitFor('CALL_CLOSED');
    const bye = stage.kamailio.seen.find(
      (message): message is SipRequest => message instanceof SipRequest && message.method === 'BYE',
    );
    expect(bye?.headers('P-Asserted-Identity')).to.deep.equal([`<${stage.agent(0).impu}>`]);
    for (const proxy of proxies) {
      expect(proxy.records.filter(({ event }) => event === 'associated').length, 'associations').to.equal(1);
    }
  });

  it('nobody behind the gateway learns of the proxy', async () => {
    const ports = proxies.map((proxy) => {
      const listening = proxy.records.find(({ event }) => event === 'listening');
      return listening === undefined ? 0 : portOf(listening);
    });
    const routes = stage.kamailio.seen.flatMap((message) => [
      ...message.values('Route'),
      ...message.values('Record-Route'),
    ]);
    expect(routes.length).to.be.greaterThan(0);
    for (const port of ports) expect(routes.filter((route) => route.includes(`:${port};`))).to.deep.equal([]);
  });
});
