import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { once } from 'node:events';

import { expect } from 'chai';

import { parseConfig, requireSection } from '../../../lib/config/index.ts';
import { openTransports, type TransportHandler } from '../../../lib/gateway/listener-transports.ts';
import { TcpTransport, type Flow } from '../../../sip/index.ts';

const HANDLER: TransportHandler = {
  receive: () => undefined,
  seen: () => undefined,
  unframed: () => undefined,
  failed: () => undefined,
  closed: () => undefined,
};

const DATAGRAMS = 50;

function settingsOf(listener: string, gateway = '') {
  const text = `
gateway:
  keyCentre: { type: embedded }
  sec1:
    sip:
      - { name: edge, fqdn: gateway.example.net, authenticators: [{ type: gba-digest }], ${listener} }
${gateway}
kmc:
  domain: kmc.example.net
  subscribers: { database: s.db, secretKey: { environment: KEY } }
`;
  const settings = requireSection(parseConfig(text, '/etc/osgate/osgate.yaml'), 'gateway');
  const [config] = settings.sec1.sip;
  if (config === undefined) throw new Error('no listener');
  return { config, settings };
}

describe('transports of a listener', () => {
  for (const host of ['127.0.0.1', "'::1'"]) {
    it(`are UDP and TCP by default, at one port that is free for both, on ${host}`, async () => {
      const { config, settings } = settingsOf(`host: ${host}, port: 0`);
      const { transports } = await openTransports(config, settings, HANDLER);
      expect(transports.map(({ protocol }) => protocol)).to.deep.equal(['UDP', 'TCP']);
      expect(new Set(transports.map(({ sentBy }) => sentBy)).size).to.equal(1);
      await Promise.all(transports.map((transport) => transport.close()));
    });
  }

  it('are what the configuration says', async () => {
    for (const only of ['udp', 'tcp']) {
      const { config, settings } = settingsOf(`host: 127.0.0.1, port: 0, transports: [${only}]`);
      const opened = await openTransports(config, settings, HANDLER);
      const { transports } = opened;
      expect(transports.map(({ protocol }) => protocol.toLowerCase())).to.deep.equal([only]);
      expect(Object.keys(opened.counters()).every((name) => name.startsWith(`${only}-`))).to.equal(true);
      const socket = connect(transports[0].local.port, '127.0.0.1');
      const [outcome] = await Promise.race([
        once(socket, 'connect').then(() => ['open']),
        once(socket, 'error').then(() => ['refused']),
      ]).catch(() => ['refused']);
      expect(outcome).to.equal(only === 'tcp' ? 'open' : 'refused');
      socket.destroy();
      await Promise.all(transports.map((transport) => transport.close()));
    }
  });

  it('have the bounds of the configuration', async () => {
    const streams = {
      maximumConnections: 1,
      maximumConnectionsPerAddress: 2,
      maximumOutgoingConnections: 3,
      maximumHeaderBytes: 4096,
      maximumPendingBytes: 70_000,
      connectTimeoutMilliseconds: 5,
      messageTimeoutMilliseconds: 6,
      deadPeerMilliseconds: 7,
    };
    const { config, settings } = settingsOf(
      'host: 127.0.0.1, port: 0, transports: [tcp]',
      `  streams: ${JSON.stringify({ ...streams, idleTimeoutSeconds: 200, authenticationTimeoutSeconds: 8 })}
  limits: { maximumMessageBytes: 9000 }`,
    );
    const { transports } = await openTransports(config, settings, HANDLER);
    expect(transports[0] instanceof TcpTransport && transports[0].limits).to.deep.equal({
      ...streams,
      idleTimeoutMilliseconds: 200_000,
      authenticationTimeoutMilliseconds: 8000,
      maximumMessageBytes: 9000,
    });
    await transports[0].close();
  });

  for (const batches of [true, false]) {
    it(`read and send ${batches ? 'several datagrams' : 'one datagram'} with one system call, as the configuration says`, async () => {
      const { config, settings } = settingsOf(
        'host: 127.0.0.1, port: 0, transports: [udp]',
        `  datagrams: { batches: ${batches}, gatherMicroseconds: 0 }`,
      );
      const echo = {
        ...HANDLER,
        receive: (message: Buffer, { transport, peer }: Flow) => transport.send(Buffer.from(message), peer),
      };
      const opened = await openTransports(config, settings, echo);
      const client = createSocket('udp4');
      for (let count = 0; count < DATAGRAMS; count++) {
        client.send('x'.repeat(100), opened.transports[0].local.port, '127.0.0.1');
      }
      for (let count = 0; count < DATAGRAMS; count++) await once(client, 'message');
      const counters = opened.counters();
      expect(counters).to.include({ 'udp-received': DATAGRAMS, 'udp-sent': DATAGRAMS });
      expect(counters['udp-receivedInBatches'] ?? 0).to.be[batches ? 'greaterThan' : 'lessThan'](batches ? 0 : 1);
      expect(counters['udp-sentInBatches']).to.equal(batches ? DATAGRAMS : 0);
      client.close();
      await opened.close();
    });
  }

  it('refuse a Flow-Timer over TCP that the idle limit would not keep', () => {
    expect(() => settingsOf('host: 127.0.0.1', '  streams: { idleTimeoutSeconds: 120 }')).to.throw(
      /gateway\.flows\.tcpFlowTimerSeconds.*less than streams\.idleTimeoutSeconds/,
    );
  });
});
