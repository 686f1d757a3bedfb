import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { expect } from 'chai';

import { SqnArray } from '../../../../kmc/index.ts';
import { PushAgent } from '../../../push/support/push-agent.ts';
import { TestCard } from '../../../push/support/push-key-centre.ts';
import { ALICE, PushWorld } from './support/push-world.ts';

/** A device that listens for packages as bare datagrams. */
async function device(agent: PushAgent): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (octets, from) => {
    void agent.receiver.receive(octets).then(({ reply }) => {
      if (reply !== undefined) socket.send(reply, from.port, from.address);
    });
  });
  return socket;
}

const TIME = {
  get now() {
    return Date.now();
  },
};

describe('a gateway that pushes over UDP', function () {
  // Each test starts processes.
  this.timeout(90_000);

  const sockets: Socket[] = [];
  let world: PushWorld | undefined;

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await world?.close();
    world = undefined;
  });

  async function open(agent: PushAgent): Promise<PushWorld> {
    const socket = await device(agent);
    sockets.push(socket);
    world = await PushWorld.open({
      push: {
        addresses: [{ recipient: ALICE, udp: `127.0.0.1:${socket.address().port}` }],
        carriers: [{ type: 'udp', host: '127.0.0.1', port: 0, retransmitMilliseconds: 200 }],
      },
    });
    return world;
  }

  it('delivers what curl hands in to an agent that never asked, and says so in status and metrics', async () => {
    const agent = new PushAgent(TIME);
    const gateway = await open(agent);
    const id = await gateway.push('rain at noon');
    const status = await gateway.until(id, ({ state }) => state === 'delivered');
    expect(status.attempts).to.equal(1);
    expect(agent.got.map(({ content }) => content.toString())).to.deep.equal(['rain at noon']);
    expect(await gateway.metric('osgate_push_total{kind="accepted"}')).to.equal(1);
    expect(await gateway.metric('osgate_push_total{kind="delivered"}')).to.equal(1);
    expect(await gateway.metric('osgate_push_attempts_total{carrier="udp",outcome="delivered"}')).to.equal(1);
    expect(await gateway.metric('osgate_push_associations')).to.equal(1);
    expect(await gateway.admin('/status')).to.have.nested.property('push.delivered', 1);
  });

  it('resynchronises with a card that is ahead, by itself', async () => {
    const ahead = new SqnArray({ accepted: [0x123456789a9fn] });
    const agent = new PushAgent(TIME, { card: new TestCard(undefined, ahead) });
    const gateway = await open(agent);
    const id = await gateway.push('again');
    await gateway.until(id, ({ state }) => state === 'delivered');
    expect(agent.card.asked).to.equal(2);
    expect(agent.got).to.have.length(1);
  });

  it('has what was accepted after kill -9, and delivers it', async () => {
    const agent = new PushAgent(TIME);
    agent.answer = () => 'failed';
    const gateway = await open(agent);
    const id = await gateway.push('later');
    await gateway.until(id, ({ attempts }) => attempts > 0);
    await gateway.restart('SIGKILL');
    agent.answer = () => 'delivered';
    await gateway.until(id, ({ state }) => state === 'delivered');
    expect(agent.got).to.have.length(1);
  });

  it('ends with status 0 while a push is under way, and keeps the push', async () => {
    const agent = new PushAgent(TIME);
    agent.answer = () => 'failed';
    const gateway = await open(agent);
    const id = await gateway.push('later');
    await gateway.until(id, ({ attempts }) => attempts > 0);
    expect(await gateway.close()).to.equal(0);
    world = undefined;
  });
});
