import { expect } from 'chai';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';

import { PushAgent } from '../../../push/support/push-agent.ts';
import { osgate } from '../../../support/osgate.ts';
import { ALICE, PushWorld } from './support/push-world.ts';

describe('operating a gateway that pushes', function () {
  this.timeout(90_000);
  const agent = new PushAgent({
    get now() {
      return Date.now();
    },
  });
  const device = createSocket('udp4');
  let world: PushWorld;

  before(async () => {
    device.bind(0, '127.0.0.1');
    await once(device, 'listening');
    device.on('message', (octets, from) => {
      void agent.receiver.receive(octets).then(({ reply }) => {
        if (reply !== undefined) device.send(reply, from.port, from.address);
      });
    });
    world = await PushWorld.open({ push: { carriers: [{ type: 'udp', host: '127.0.0.1', port: 0 }] } });
  });

  after(async () => {
    device.close();
    await world.close();
  });

  it('SIGHUP takes on addresses, with which a push that had no way is delivered, and names what needs a restart', async () => {
    const id = await world.push('rain at noon');
    await world.until(id, ({ reason }) => reason === 'no-carrier');
    expect(await world.metric('osgate_push_queue{state="waiting"}')).to.equal(1);
    await world.editConfig((text) =>
      text
        .replace(
          'carriers:',
          `addresses: [{ recipient: '${ALICE}', udp: '127.0.0.1:${device.address().port}' }]\n    carriers:`,
        )
        .replace('initialRetryMilliseconds: 100', 'initialRetryMilliseconds: 99'),
    );
    expect(await world.reload()).to.deep.include({ event: 'reloaded', applied: ['gateway.push.addresses'] });
    const ignored = await world.process.waitFor('what was ignored', ({ event }) => event === 'reload-ignored');
    expect(ignored.keys).to.deep.equal(['gateway.push.dispatch.initialRetryMilliseconds']);
    await world.until(id, ({ state }) => state === 'delivered');
    expect(await world.metric('osgate_push_queue{state="waiting"}')).to.equal(0);
  });

  it('curl pushes by PAP, and every answer is what the DTD of PAP has', async () => {
    const control = `<?xml version="1.0"?>
<pap><push-message push-id="4711@weather.example.com">
<address address-value="WAPPUSH=${encodeURIComponent(ALICE)}/TYPE=USER@push.home1.example"/></push-message></pap>`;
    const part = (type: string, body: string): string => `--b\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
    const { stdout } = await world.curl(
      '/pap',
      ...['-H', 'Content-Type: multipart/related; boundary=b; type="application/xml"'],
      ...['--data-binary', `${part('application/xml', control)}${part('text/plain', 'snow by pap')}--b--\r\n`],
    );
    expect(stdout).to.include('code="1001"');
    await world.validate(stdout);
    await world.until('4711@weather.example.com', ({ state }) => state === 'delivered');
    expect(agent.got.at(-1)?.content.toString()).to.equal('snow by pap');
    const query = `<?xml version="1.0"?><pap><statusquery-message push-id="4711@weather.example.com"/></pap>`;
    const answer = await world.curl('/pap', '-H', 'Content-Type: application/xml', '--data-binary', query);
    expect(answer.stdout).to.include('message-state="delivered"');
    await world.validate(answer.stdout);
  });

  it('osgate check knows its files', async () => {
    const path = join(world.folder, 'gateway.yaml');
    expect((await osgate('check', '-c', path)).code).to.equal(0);
    await world.editConfig((text) =>
      text.replace('path: push.sqlite', 'path: missing/push.sqlite').replace('weather.token', 'other.token'),
    );
    const { code, stderr } = await osgate('check', '-c', path);
    expect(code).to.equal(2);
    expect(stderr).to.include('gateway.push.queue.path:').and.include('gateway.push.initiators:');
  });
});
