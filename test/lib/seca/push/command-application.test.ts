import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { CommandApplication, type CommandApplicationOptions } from '../../../../lib/seca/index.ts';
import type { PushContent } from '../../../../push/index.ts';

const CONTENT: PushContent = {
  id: 'id-1',
  type: 'text/plain',
  content: Buffer.from([0x68, 0x69, 0x00, 0xff]),
  applicationId: 'x-oma-application:ulp.ua',
  deliverBefore: Date.UTC(2027, 0, 1),
};

describe('CommandApplication', function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-command-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function shell(script: string, changes: Partial<CommandApplicationOptions> = {}): CommandApplication {
    const command = ['/bin/sh', '-c', script];
    return new CommandApplication({ command, timeoutMilliseconds: 20_000, concurrency: 2, ...changes });
  }

  it('gives the content on standard input, and the facts in the environment', async () => {
    const file = join(folder, 'got');
    const { application } = shell(
      `cat > ${file}; echo "$OSGATE_PUSH_ID $OSGATE_PUSH_CONTENT_TYPE $OSGATE_PUSH_APPLICATION $OSGATE_PUSH_GATEWAY $OSGATE_PUSH_DELIVER_BEFORE" > ${file}.facts`,
    );
    expect(await application(CONTENT, 'osg.example.com')).to.equal('delivered');
    expect(await readFile(file)).to.deep.equal(CONTENT.content);
    expect(await readFile(`${file}.facts`, 'utf8')).to.equal(
      'id-1 text/plain x-oma-application:ulp.ua osg.example.com 2027-01-01T00:00:00.000Z\n',
    );
  });

  it('tells by the exit status: delivered, to be tried again, refused; one that reads nothing is free to do so', async () => {
    const big = { ...CONTENT, content: Buffer.alloc(1_000_000) };
    const outcomes = [];
    for (const status of [0, 75, 1, 64]) outcomes.push(await shell(`exit ${status}`).application(big, 'osg'));
    expect(outcomes).to.deep.equal(['delivered', 'failed', 'refused', 'refused']);
  });

  it('has tried again what cannot be run, is ended by a signal, takes too long, or has facts that no environment holds', async () => {
    const troubles: string[] = [];
    const onTrouble = (_id: string, trouble: string): void => void troubles.push(trouble);
    const missing = shell('', { command: [join(folder, 'missing')], onTrouble });
    expect(await missing.application(CONTENT, 'osg')).to.equal('failed');
    expect(await shell('kill -9 $$', { onTrouble }).application(CONTENT, 'osg')).to.equal('failed');
    const slow = shell('trap "" TERM; sleep 30; sleep 30', { timeoutMilliseconds: 200, onTrouble });
    expect(await slow.application(CONTENT, 'osg')).to.equal('failed');
    expect(await shell('exit 0', { onTrouble }).application({ ...CONTENT, id: 'a\0b' }, 'osg')).to.equal('failed');
    expect(troubles[0]).to.include('ENOENT');
    expect(troubles.slice(1, 4)).to.deep.equal([
      'it was ended by SIGKILL',
      'it took too long',
      'it was ended by SIGKILL',
    ]);
    expect(troubles).to.have.length(5);
  });

  it('runs no more programs at once than it may, and none after its end', async () => {
    const log = join(folder, 'log');
    const runner = shell(`echo + >> ${log}; sleep 0.3; echo - >> ${log}`, { concurrency: 1 });
    const outcomes = await Promise.all([1, 2, 3].map(async () => runner.application(CONTENT, 'osg')));
    expect(outcomes).to.deep.equal(['delivered', 'delivered', 'delivered']);
    expect((await readFile(log, 'utf8')).replaceAll('\n', '')).to.equal('+-+-+-');
    runner.close();
    expect(await runner.application(CONTENT, 'osg')).to.equal('failed');
  });
});
