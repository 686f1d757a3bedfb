import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { PUSH_PACKAGE_CONTENT_TYPE } from '../../../../push/index.ts';
import type { SipRequest, SipResponse } from '../../../../sip/index.ts';
import { ALICE, ALICE_KEY, DtlsGateway } from '../../../support/dtls-gateway.ts';
import { GatewaySide } from './support/gateway-side.ts';
import { ListeningAgent } from './support/listening-agent.ts';

describe('osgate agent listen, over DTLS through a gateway process', function () {
  this.timeout(120_000);
  let folder: string;
  let side: GatewaySide;
  let gateway: DtlsGateway;
  let agent: ListeningAgent | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-listen-dtls-'));
    side = await GatewaySide.open(folder, 0);
    gateway = await DtlsGateway.start();
    await writeFile(join(folder, 'psk.txt'), `${ALICE}:${ALICE_KEY.toString('hex')}\n`);
  });

  afterEach(async () => {
    await agent?.stop('SIGKILL');
    await gateway.stop();
    await side.close();
    await rm(folder, { recursive: true });
  });

  async function start(): Promise<ListeningAgent> {
    const reconnect = { initialMilliseconds: 200, maximumMilliseconds: 1000 };
    return ListeningAgent.spawn({
      folder,
      arguments: ['--json'],
      agent: {
        publicIdentity: ALICE,
        gateway: `sip:127.0.0.1:${gateway.port}`,
        transport: 'dtls',
        dtls: { authentication: 'psk', pskFile: 'psk.txt', keepAliveSeconds: 1, answerSeconds: 1, reconnect },
      },
    });
  }

  /** The newest REGISTER that reached the registrar. */
  async function register(after: number): Promise<SipRequest> {
    const { request } = await gateway.server.waitFor(
      ({ request: { method, cseq } }) => method === 'REGISTER' && cseq.sequence > after,
    );
    return request;
  }

  /** As a registrar sends what is for the agent: along the Path of its registration. */
  async function message(path: readonly string[], octets: Buffer): Promise<SipResponse> {
    const request = gateway.server.createRequest('MESSAGE', ALICE, 'sip:osg.example.com');
    for (const value of path) request.append('Route', value);
    request.setBody(octets, PUSH_PACKAGE_CONTENT_TYPE);
    return gateway.server.send(request, { address: '127.0.0.1', port: gateway.insidePort }, 'UDP');
  }

  it('lesson 36: takes pushes with a key that was handed out, and again after the gateway was started anew', async () => {
    agent = await start();
    await agent.event('registered');
    const first = await register(0);
    expect((await message(first.values('Path'), (await side.package()).octets)).status).to.equal(200);
    expect(await agent.pushed(1)).to.have.length(1);

    await gateway.restart();
    await agent.event('associated', ({ isAgain }) => isAgain === true);
    const second = await register(first.cseq.sequence);
    const response = await message(second.values('Path'), (await side.package()).octets);
    expect(response.status).to.equal(200);
    expect(response.header('Content-Type')).to.equal(PUSH_PACKAGE_CONTENT_TYPE);
    expect(await agent.pushed(2)).to.have.length(2);

    expect(await agent.stop()).to.equal(0);
    const last = await register(second.cseq.sequence);
    expect(last.header('Expires'), 'the registration is taken back').to.equal('0');
    expect(agent.stderr).not.to.include(ALICE_KEY.toString('hex'));
  });
});
