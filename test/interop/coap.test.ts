import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { expect } from 'chai';

import { freePort } from '../../scenarios/support/free-port.ts';
import { DtlsGateway } from '../support/dtls-gateway.ts';
import { runProgram, type ProgramResult } from '../support/run-program.ts';

/** libcoap takes the key as text. */
const KEY = 'a key of 20 octets..';

describe('interop: CoAP of libcoap through a datagram listener', function () {
  this.timeout(60_000);
  let gateway: DtlsGateway;
  let server: ChildProcess;

  before(async () => {
    const port = await freePort();
    server = spawn('coap-server-notls', ['-A', '127.0.0.1', '-p', String(port), '-d', '10'], { stdio: 'ignore' });
    await once(server, 'spawn');
    gateway = await DtlsGateway.start({
      files: { 'coap.txt': `device-1:${Buffer.from(KEY).toString('hex')}\n` },
      datagram: [
        {
          name: 'coap',
          host: '127.0.0.1',
          port: 0,
          fqdn: 'osg.example.com',
          authenticators: [{ type: 'psk', identities: 'coap.txt' }],
          target: { host: '127.0.0.1', port },
        },
      ],
      gateway: { dtls: { cipherSuites: [...SUITES] } },
    });
  });

  after(async () => {
    server.kill();
    expect(await gateway.stop()).to.equal(0);
  });

  const coap = async (client: string, path: string, ...more: string[]): Promise<ProgramResult> =>
    runProgram(
      client,
      [
        '-B',
        '8',
        '-u',
        'device-1',
        '-k',
        KEY,
        ...more,
        `coaps://127.0.0.1:${await gateway.listenerPort('coap')}${path}`,
      ],
      { timeout: 20_000 },
    );

  for (const client of ['coap-client-openssl', 'coap-client-gnutls']) {
    it(`${client} gets, puts and gets back a resource`, async () => {
      const time = await coap(client, '/time');
      expect(time.output, time.errors).to.match(/\d\d:\d\d:\d\d/);
      const name = `/from-${client}`;
      expect((await coap(client, name, '-m', 'put', '-e', 'twentyone')).code).to.equal(0);
      const got = await coap(client, name);
      expect(got.output, got.errors).to.contain('twentyone');
    });

    it(`${client} sends a body in blocks`, async () => {
      const body = 'block '.repeat(500);
      const name = `/large-${client}`;
      await coap(client, name, '-m', 'put', '-e', body, '-b', '256');
      const got = await coap(client, name, '-b', '256');
      expect(got.output.replaceAll('\n', ''), got.errors).to.contain(body.trim());
    });
  }

  it('a wrong key gets nothing from the server', async () => {
    const wrong = await runProgram(
      'coap-client-openssl',
      [
        ...['-B', '4', '-u', 'device-1', '-k', 'another key, 20 long'],
        `coaps://127.0.0.1:${await gateway.listenerPort('coap')}/from-coap-client-openssl`,
      ],
      { timeout: 20_000 },
    );
    expect(wrong.output).to.not.contain('twentyone');
  });

  it('each exchange came by a flow of its own', async () => {
    expect(await gateway.metric('osgate_datagram_total{kind="relay-flowsOpened"}')).to.be.at.least(8);
  });
});

/** Those of RFC 7252 9.1.3.1 for constrained devices, and what else libcoap offers. */
const SUITES = [
  'TLS_PSK_WITH_AES_128_CCM_8',
  'TLS_PSK_WITH_AES_128_GCM_SHA256',
  'TLS_PSK_WITH_AES_256_GCM_SHA384',
  'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
] as const;
