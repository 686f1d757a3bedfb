import { expect } from 'chai';

import type { DtlsConnectOptions } from '../../../../dtls/index.ts';
import { readProxyHeader } from '../../../../lib/sec1/index.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { ALICE, DtlsGateway, METER_KEY } from '../../../support/dtls-gateway.ts';
import { UdpServer } from '../../../support/udp-server.ts';

describe('datagram listeners of the gateway as a process', function () {
  this.timeout(60_000);
  let gateway: DtlsGateway;
  let server: UdpServer;
  const open: DtlsAgent[] = [];

  before(async () => {
    server = await UdpServer.open();
    const psk = {
      type: 'psk',
      identities: 'psk.txt',
      publicIdentities: [{ identity: 'meter-1', uris: ['tel:+4917'] }],
    };
    const listener = (name: string, more: object = {}): object => ({
      name,
      host: '127.0.0.1',
      port: 0,
      fqdn: 'osg.example.com',
      authenticators: [psk],
      target: { host: '127.0.0.1', port: server.port },
      ...more,
    });
    gateway = await DtlsGateway.start({
      datagram: [
        listener('plain', { maximumDatagramBytes: 1000 }),
        listener('every', { proxyProtocol: 'every' }),
        listener('first', { proxyProtocol: 'first', flowIdleSeconds: 1 }),
        listener('small', { maximumFlows: 1 }),
        listener('settings', { authenticators: [{ type: 'gba-psk' }, psk], requires: [{ gsid: 0 }] }),
      ],
    });
  });

  after(async () => {
    server.close();
    expect(await gateway.stop()).to.equal(0);
  });

  beforeEach(() => {
    server.received.length = 0;
    server.answer = undefined;
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const connect = async (listener: string, more: Partial<DtlsConnectOptions> = {}): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect({
      host: '127.0.0.1',
      port: await gateway.listenerPort(listener),
      psk: { identity: 'meter-1', key: METER_KEY },
      connectionId: { length: 0 },
      ...more,
    });
    open.push(agent);
    return agent;
  };

  const echo = async (agent: DtlsAgent, text: string): Promise<void> => {
    agent.association.send(Buffer.from(text));
    await waitFor(`the echo of ${text}`, () => agent.other.find((data) => data.toString().endsWith(text)));
  };

  it('gives each association a socket of its own, and brings answers back to the right one', async () => {
    const [one, other] = [await connect('plain'), await connect('plain')];
    await echo(one, 'from one');
    await echo(other, 'from the other');
    await echo(one, 'once more');
    const ports = server.received.map(({ from }) => from.port);
    expect(ports[0]).to.equal(ports[2]);
    expect(ports[0]).to.not.equal(ports[1]);
    expect(one.other.length).to.equal(2);
    expect(other.other.length).to.equal(1);
    expect(server.received[0]?.datagram.toString(), 'nothing in front').to.equal('from one');
  });

  it('drops what is too large in either direction, and counts it', async () => {
    const agent = await connect('plain');
    agent.association.send(Buffer.alloc(1001));
    server.answer = (datagram) => (datagram.toString() === 'grow' ? Buffer.alloc(1001) : datagram);
    agent.association.send(Buffer.from('grow'));
    await echo(agent, 'after');
    expect(agent.other.length).to.equal(1);
    expect(await gateway.metric('osgate_datagram_total{kind="relay-tooLarge"}')).to.equal(2);
  });

  it('tells the target who sends, in front of every datagram', async () => {
    const agent = await connect('every', { serverName: 'coap.example.com' });
    await echo(agent, 'hello');
    await echo(agent, 'again');
    const readings = server.received.map(({ datagram }) => readProxyHeader(datagram));
    expect(readings.map((reading) => reading?.payload.toString())).to.deep.equal(['hello', 'again']);
    const header = readings[0]?.header;
    expect(header?.source.address).to.equal('127.0.0.1');
    expect(header?.destination).to.deep.equal({ address: '127.0.0.1', port: await gateway.listenerPort('every') });
    expect(header?.authority).to.equal('coap.example.com');
    expect(header?.channel).to.deep.equal({
      version: 'DTLSv1.2',
      cipher: agent.association.getCipher().name,
      commonName: 'tel:+4917',
      certificate: false,
    });
    expect(header?.identity).to.deep.equal({ scheme: 'psk', impi: undefined, impus: ['tel:+4917'] });
    expect(header?.uniqueId).to.match(/^every:[0-9a-f]{8}$/);

    // The header follows the client to its new address, under the same id.
    await agent.association.rebind();
    await echo(agent, 'moved');
    const moved = readProxyHeader(server.received[2]?.datagram ?? Buffer.alloc(0))?.header;
    expect(moved?.uniqueId).to.equal(header?.uniqueId);
    expect(moved?.source.port).to.not.equal(header?.source.port);
  });

  it('tells it once a flow where so configured, and again when an idle flow comes back', async () => {
    const agent = await connect('first');
    await echo(agent, 'one');
    await echo(agent, 'two');
    const hasHeader = (): boolean[] => server.received.map(({ datagram }) => readProxyHeader(datagram) !== undefined);
    expect(hasHeader()).to.deep.equal([true, false]);
    const deadline = Date.now() + 10_000;
    while ((await gateway.metric('osgate_datagram_total{kind="relay-flowsIdle"}')) === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await echo(agent, 'three');
    expect(hasHeader()).to.deep.equal([true, false, true]);
    expect(agent.closed, 'the association went on').to.equal(undefined);
  });

  it('takes nothing from anybody but the target', async () => {
    const agent = await connect('plain');
    await echo(agent, 'hello');
    const stranger = await UdpServer.open();
    const flow = server.received[0]?.from;
    if (flow === undefined) throw new TypeError('no flow');
    stranger.send(Buffer.from('forged'), flow);
    server.send(Buffer.from('late'), flow);
    await waitFor('late', () => agent.other.find((data) => data.toString() === 'late'));
    expect(agent.other.map(String)).to.not.include('forged');
    expect(await gateway.metric('osgate_datagram_total{kind="relay-strange"}')).to.equal(1);
    stranger.close();
  });

  it('refuses flows beyond the bound, and the old one goes on', async () => {
    const first = await connect('small');
    await echo(first, 'one');
    const second = await connect('small');
    second.association.send(Buffer.from('two'));
    await echo(first, 'three');
    expect(server.received.map(({ datagram }) => datagram.toString())).to.deep.equal(['one', 'three']);
    expect(await gateway.metric('osgate_datagram_total{kind="relay-flowsRefused"}')).to.equal(1);
    await first.close();
    await echo(second, 'four');
  });

  it('closes an association whose subscriber lacks what the listener requires', async () => {
    const agent = await connect('settings', { psk: { identity: ALICE, key: gateway.alice.psk.key } });
    expect(await waitFor('the end', () => agent.closed)).to.equal('peer-closed');
    expect(await gateway.metric('osgate_dtls_failed_total{listener="settings",reason="not-permitted"}')).to.equal(1);
  });
});
