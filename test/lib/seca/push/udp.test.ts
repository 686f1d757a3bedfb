import { readFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { formatSqn } from '../../../../kmc/aka/index.ts';
import { formatPushPackage, parsePushPackage } from '../../../../push/index.ts';
import { DatagramPeer, GatewaySide } from './support/gateway-side.ts';
import { ListeningAgent, type ListeningAgentOptions } from './support/listening-agent.ts';

describe('osgate agent listen, over UDP', function () {
  this.timeout(120_000);
  let folder: string;
  let side: GatewaySide;
  const agents: ListeningAgent[] = [];
  const peers: DatagramPeer[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-listen-'));
    side = await GatewaySide.open(folder, 0);
  });

  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close();
    await Promise.all(agents.splice(0).map(async (agent) => agent.stop('SIGKILL')));
    await side.close();
    await rm(folder, { recursive: true });
  });

  async function start(options: Partial<ListeningAgentOptions> = {}): Promise<ListeningAgent> {
    const agent = await ListeningAgent.overUdp({ folder, ...options });
    agents.push(agent);
    side.moveTo(agent.udpPort);
    return agent;
  }

  async function peerOf(agent: ListeningAgent): Promise<DatagramPeer> {
    const peer = await DatagramPeer.open(agent.udpPort);
    peers.push(peer);
    return peer;
  }

  it('gives an agent that never bootstrapped its messages, text and octets, and ends when it has as many as asked', async () => {
    const agent = await start({ arguments: ['--count', '2'] });
    const first = await side.push({ applicationId: 'x-oma-application:ulp.ua' });
    expect((await side.ended(first)).state).to.equal('delivered');
    const second = await side.push({ contentType: 'application/octet-stream', content: Buffer.from([0, 255, 27]) });
    expect((await side.ended(second)).state).to.equal('delivered');
    expect(await agent.ended()).to.equal(0);
    expect(agent.pushes.map((push) => ({ ...push, id: undefined }))).to.deep.equal([
      {
        id: undefined,
        contentType: 'text/plain',
        application: 'x-oma-application:ulp.ua',
        gateway: 'osg.example.com',
        content: 'content of push-1',
      },
      { id: undefined, contentType: 'application/octet-stream', gateway: 'osg.example.com', contentBase64: 'AP8b' },
    ]);
    expect(agent.counters).to.deep.include({ delivered: 2, associationsMade: 0, copies: 0 });
    expect((await stat(join(folder, 'push.sqlite'))).mode & 0o777).to.equal(0o600);
  });

  it('resynchronises an agent whose SQN is ahead, and the message arrives by itself', async () => {
    const sqns = Array.from({ length: 32 }, (_, ind) => `${formatSqn(0x10_0000n + BigInt(ind)).toString('hex')}\n`);
    await writeFile(join(folder, 'alice.sqn'), sqns.join(''));
    const agent = await start();
    const id = await side.push();
    expect(await side.ended(id)).to.deep.include({ state: 'delivered', attempts: 1 });
    expect((await agent.pushed(1))[0]).to.include({ content: 'content of push-1' });
    expect(await agent.stop()).to.equal(0);
    expect(agent.counters).to.deep.include({ synchronisationFailures: 1, delivered: 1 });
  });

  it('answers copies as the first one, also after its end was told, and gives the application one', async () => {
    const agent = await start();
    const peer = await peerOf(agent);
    const { octets } = await side.package();
    for (let copy = 0; copy < 3; copy++) peer.send(octets);
    const replies = await peer.replies(3);
    peer.send(octets);
    await peer.replies(4);
    for (const reply of replies) {
      expect(reply).to.deep.equal(replies[0]);
      expect(reply.length).to.be.at.most(octets.length);
    }
    expect(await agent.stop()).to.equal(0);
    expect(agent.pushes).to.have.length(1);
    expect(agent.counters).to.deep.include({ received: 4, copies: 3, delivered: 1 });
  });

  it('forgets replies after their time, and refuses the package as one that was here before', async () => {
    const agent = await start({ push: { replySeconds: 1 } });
    const peer = await peerOf(agent);
    const { octets } = await side.package();
    peer.send(octets);
    await peer.replies(1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    peer.send(octets);
    expect(await agent.event('push-refused')).to.include({ reason: 'duplicate-rand' });
    expect(peer.received).to.have.length(1);
  });

  it('refuses what is forged, replayed, of another gateway or no package; says why in a line, and answers nothing', async () => {
    const agent = await start({ push: { gateways: ['osg.example.com'] } });
    const peer = await peerOf(agent);
    const { octets, gpi } = await side.package();
    peer.send(octets);
    await peer.replies(1);

    // The same GPI in another package: it is no copy, and its RAND was here before.
    peer.send(formatPushPackage({ envelope: Buffer.concat([Buffer.of(1, 0, 9), gpi]) }));
    await agent.event('push-refused', ({ reason }) => reason === 'duplicate-rand');

    const changed = (await side.package()).octets;
    const parts = parsePushPackage(changed);
    const envelope = Buffer.from(parts?.envelope ?? []);
    envelope.writeUInt8(envelope.readUInt8(envelope.length - 1) ^ 1, envelope.length - 1);
    peer.send(formatPushPackage({ ...parts, envelope }));
    await agent.event('push-refused', ({ reason }) => reason === 'forged');

    const foreign = Buffer.from((await side.package()).octets);
    // RAND begins behind package (3), envelope (3), version and mode (2).
    foreign.writeUInt8(foreign.readUInt8(8) ^ 1, 8);
    peer.send(foreign);
    await agent.event('push-refused', ({ reason }) => reason === 'mac-failure');

    peer.send(Buffer.from('hello'));
    await agent.event('push-refused', ({ reason }) => reason === 'malformed');

    expect(await agent.stop()).to.equal(0);
    expect(peer.received).to.have.length(1);
    expect(agent.pushes).to.have.length(1);
    expect(agent.counters['ignored']).to.deep.equal({
      'duplicate-rand': 1,
      forged: 1,
      'mac-failure': 1,
      malformed: 1,
    });
    const log = agent.stderr;
    for (const secret of ['465b5ce8', 'cd63cb71', 'where are you']) expect(log).not.to.include(secret);
  });

  it('refuses a gateway that the configuration does not name', async () => {
    const agent = await start({ push: { gateways: ['other.example.com'] } });
    const peer = await peerOf(agent);
    peer.send((await side.package()).octets);
    expect(await agent.event('push-refused')).to.include({ reason: 'naf-not-accepted' });
  });

  it('keeps NAF SAs and ids over a restart: keys are used again, and no message comes twice', async () => {
    const before = await start();
    expect((await side.ended(await side.push())).state).to.equal('delivered');
    const { octets, ptid } = await side.package({ id: 'the-same' });
    const peer = await peerOf(before);
    peer.send(octets);
    await peer.replies(1);
    expect(await before.stop()).to.equal(0);

    const after = await start();
    const later = await side.push();
    expect((await side.ended(later)).state).to.equal('delivered');
    // The gateway had no receipt, and sends the message again under the same keys.
    const again = await peerOf(after);
    again.send(formatPushPackage({ message: await side.seal(ptid, { id: 'the-same' }) }));
    await again.replies(1);
    expect(await after.stop()).to.equal(0);
    expect(after.pushes.map(({ content }) => content)).to.deep.equal([`content of ${later}`]);
    expect(after.counters).to.deep.include({ duplicates: 1, delivered: 1, associationsMade: 0 });
  });

  it('gives a message again that a kill -9 took from the command, and only that one', async () => {
    const record = join(folder, 'record');
    const script = `id=$OSGATE_PUSH_ID; echo "begin $id" >> ${record}; if [ ! -e ${record}.again ]; then echo $$ > ${record}.again; sleep 30; fi; echo "end $id" >> ${record}`;
    const push = { command: ['/bin/sh', '-c', script] };
    const before = await start({ push });
    const id = await side.push();
    await waitForFile(`${record}.again`);
    await before.stop('SIGKILL');
    process.kill(-Number(await readFile(`${record}.again`, 'utf8')), 'SIGKILL');
    const after = await start({ push });
    expect((await side.ended(id)).state).to.equal('delivered');
    expect((await side.ended(await side.push())).state).to.equal('delivered');
    expect(await after.stop()).to.equal(0);
    const lines = (await readFile(record, 'utf8')).trim().split('\n');
    const [first = '', second = '', third = ''] = lines;
    expect(second, 'the same id').to.equal(first);
    expect(third).to.equal(first.replace('begin', 'end'));
    expect(lines).to.have.length(5);
  });

  it('ends with 2 when nothing would come, and takes no message that it could not remember', async () => {
    const useless = await ListeningAgent.spawn({ folder, push: { sip: false } });
    expect(await useless.ended()).to.equal(2);
    expect(useless.stderr).to.include('OSGATE_CONFIG_INVALID: agent.push');

    const agent = await start({ push: { maximumRemembered: 1 } });
    expect((await side.ended(await side.push())).state).to.equal('delivered');
    const more = await side.push({ deliverBefore: Date.now() + 4000 });
    expect((await side.ended(more)).state).to.equal('expired');
    expect(side.reasons).to.include('failed-in-agent');
    expect(await agent.stop()).to.equal(0);
    expect(agent.pushes).to.have.length(1);
  });
});

async function waitForFile(path: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    if ((await readFile(path, 'utf8').catch(() => '')).endsWith('\n')) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} does not come`);
}
