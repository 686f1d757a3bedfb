import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { formatSqn } from '../../../../kmc/aka/index.ts';
import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import {
  ALICE,
  DIGEST_LISTENER,
  DTLS_LISTENER,
  GATEWAY_FQDN,
  INSIDE_LISTENER,
  PASSWORD,
  PushWorld,
} from '../../gateway/push/support/push-world.ts';
import { ListeningAgent, type ListeningAgentOptions } from './support/listening-agent.ts';

describe('osgate agent listen with a gateway process that pushes', function () {
  this.timeout(120_000);
  let world: PushWorld;
  let registrar: SipPeer;
  const agents: ListeningAgent[] = [];

  before(async () => {
    registrar = await SipPeer.open();
    world = await PushWorld.open({
      sip: [DTLS_LISTENER, DIGEST_LISTENER, INSIDE_LISTENER],
      sec3: [{ name: 'registrar', domains: ['home1.example'], targets: [`sip:127.0.0.1:${registrar.port}`] }],
      push: { carriers: [{ type: 'sip' }], dispatch: { receiptTimeoutMilliseconds: 10_000 } },
    });
  });

  afterEach(async () => {
    await Promise.all(agents.splice(0).map(async (agent) => agent.stop('SIGKILL')));
  });

  after(async () => {
    await world.close();
    await registrar.close();
  });

  async function start(agent: object, options: Partial<ListeningAgentOptions> = {}): Promise<ListeningAgent> {
    const listening = await ListeningAgent.spawn({
      folder: world.folder,
      arguments: ['--json'],
      ...options,
      agent: { gatewayFqdn: GATEWAY_FQDN, ...agent },
    });
    agents.push(listening);
    await listening.event('registered');
    return listening;
  }

  it('gets a push over DTLS with a key that was handed out; its card, which is ahead, is resynchronised', async () => {
    const sqns = Array.from({ length: 32 }, (_, ind) => `${formatSqn(0x10_0000n + BigInt(ind)).toString('hex')}\n`);
    await writeFile(join(world.folder, 'alice.sqn'), sqns.join(''));
    const agent = await start({
      gateway: `sip:127.0.0.1:${await world.port('agents')}`,
      transport: 'dtls',
      dtls: { authentication: 'psk', pskFile: 'psk.txt' },
    });
    const id = await world.push('rain at noon', { recipient: ALICE, applicationId: 'x-oma-application:ulp.ua' });
    await world.until(id, ({ state }) => state === 'delivered', 60_000);
    expect(await agent.stop()).to.equal(0);
    expect(agent.pushes[0]).to.deep.include({
      content: 'rain at noon',
      application: 'x-oma-application:ulp.ua',
      gateway: GATEWAY_FQDN,
    });
    expect(agent.counters).to.deep.include({ delivered: 1, synchronisationFailures: 1 });
  });

  it('gets a push over UDP as a user with a password', async () => {
    await writeFile(join(world.folder, 'password'), `${PASSWORD}\n`);
    const agent = await start({
      gateway: `sip:127.0.0.1:${await world.port('desks')}`,
      digest: { username: 'alice@home1.example', passwordFile: 'password', realm: 'desks.home1.example' },
    });
    const id = await world.push('sun at two', { recipient: 'alice@home1.example' });
    await world.until(id, ({ state }) => state === 'delivered', 60_000);
    expect(await agent.stop()).to.equal(0);
    expect(agent.pushes.map(({ content }) => content)).to.deep.equal(['sun at two']);
  });
});
