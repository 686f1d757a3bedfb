import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { osgate, type Outcome } from '../../support/osgate.ts';
import { InitiatorWorld } from '../push/support/initiator-world.ts';

describe('osgate push', () => {
  let world: InitiatorWorld;

  before(async () => {
    world = await InitiatorWorld.open();
    await writeFile(world.file('content'), Buffer.from([0, 1, 255]));
    await writeFile(world.file('wrong.token'), 'wrong-0123456789abcdef');
  });

  after(async () => {
    await world.close();
  });

  const withToken = (...args: string[]): Promise<Outcome> =>
    osgate(
      'push',
      ...args,
      '--url',
      world.url,
      '--authorities',
      world.file('ca.pem'),
      '--token-file',
      world.file('weather.token'),
    );

  it('sends, asks and cancels', async () => {
    const sent = await withToken(
      ...['send', 'sip:alice@example.com', '--id', 'cli', '--file', world.file('content')],
      ...['--content-type', 'application/octet-stream', '--application', 'x-app', '--priority', 'low'],
      ...['--deliver-after', '+3600', '--deliver-before', '+7200', '--notify-url', 'http://127.0.0.1/x'],
    );
    expect(sent).to.deep.include({ code: 0, stdout: 'cli\n', stderr: '' });
    const status = await withToken('status', 'cli', '--json');
    expect(status.code, status.stderr).to.equal(0);
    expect(JSON.parse(status.stdout)).to.deep.include({ id: 'cli', state: 'accepted' });
    expect((await withToken('status', 'cli')).stdout).to.match(/^accepted since \S+, 0 attempts\n$/);
    const replacing = await withToken('send', 'alice@example.com', '--replaces', 'cli', '--id', 'new', '--json');
    expect(JSON.parse(replacing.stdout)).to.deep.include({ id: 'new', state: 'accepted' });
    const [taken] = await world.queue.take(1);
    // Standard input is empty, and so is the content.
    expect(taken?.message).to.deep.include({ id: 'new', recipient: { type: 'impi', value: 'alice@example.com' } });
    await world.queue.putOff(taken?.key ?? 0, Date.now() + 60_000, { attempted: true });
    expect(await withToken('cancel', 'new')).to.deep.include({ code: 0, stdout: 'cancelled new\n' });
  });

  it('authenticates with a certificate', async () => {
    const { code, stderr } = await osgate(
      ...['push', 'status', 'nobody', '--url', world.url, '--authorities', world.file('ca.pem')],
      ...['--certificate', world.file('weather.pem'), '--private-key', world.file('weather.key')],
    );
    expect(code).to.equal(6);
    expect(stderr).to.match(/^osgate: OSGATE_PUSH_REFUSED: refused: 404 push-unknown, /);
  });

  it('ends with 6 and the reason when it is refused', async () => {
    const { code, stderr } = await withToken('send', 'sip:alice@example.org', '--file', world.file('content'));
    expect(code).to.equal(6);
    expect(stderr).to.include('403 recipient-forbidden');
    const args = ['--url', world.url, '--authorities', world.file('ca.pem'), '--token-file', world.file('wrong.token')];
    const wrong = await osgate('push', 'cancel', 'x', ...args);
    expect(wrong.code).to.equal(6);
    expect(wrong.stderr).to.include('401 token-wrong');
  });

  it('ends with 5 when nobody answers, or somebody who is not trusted', async () => {
    const untrusted = await osgate('push', 'status', 'x', '--url', world.url);
    expect(untrusted.code).to.equal(5);
    expect(untrusted.stderr).to.match(/^osgate: OSGATE_PUSH_NETWORK: no answer from https:/);
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const late = await osgate('push', 'status', 'x', '--url', `http://127.0.0.1:${port}`, '--timeout', '1');
    silent.close();
    expect(late.code).to.equal(5);
  });

  it('ends with 2 for files, and 1 for a command line that is wrong', async () => {
    const args = ['--url', world.url];
    expect((await osgate('push', 'status', 'x', ...args, '--token-file', world.file('nowhere'))).code).to.equal(2);
    expect((await osgate('push', 'status', 'x', ...args, '--certificate', world.file('weather.pem'))).code).to.equal(2);
    expect((await osgate('push', 'send', 'sip:a@b', ...args, '--file', world.file('nowhere'))).code).to.equal(2);
    expect((await osgate('push', 'send', 'sip:a@b', ...args, '--deliver-before', 'tomorrow')).code).to.equal(1);
    expect((await osgate('push', 'status', 'x', '--url', 'ftp://x')).code).to.equal(1);
  });
});
