import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const DEMO = fileURLToPath(new URL('../../scenarios/demo/main.ts', import.meta.url));

const run = async (command: string, args: readonly string[], environment: Record<string, string> = {}) => {
  const child = spawn(command, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output, errors };
};

describe('npm run demo', () => {
  it('does all that it shows, and tshark finds nothing wrong with its SIP', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), 'osgate-capture-'));
    const file = join(folder, 'demo.pcapng');
    const capture = spawn('tshark', ['-i', 'lo', '-f', 'udp', '-w', file, '-a', 'duration:90', '-q'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      await new Promise<void>((resolve, reject) => {
        capture.once('error', reject);
        capture.once('close', () => {
          reject(new Error('tshark ended before it captured'));
        });
        let said = '';
        capture.stderr.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (said.includes('Capture started') || said.includes('Capturing on')) setTimeout(resolve, 500);
        });
      });
      const { code, output, errors } = await run(process.execPath, [DEMO], { OSGATE_DEMO_PORTS: '1' });
      expect(code, output + errors).to.equal(0);
      expect(output).to.contain('all of it happened').and.not.contain('NOT:');
      const line = output.split('\n').find((text) => text.startsWith('{"event":"ports"')) ?? '{}';
      const { sip = [] } = JSON.parse(line) as { sip?: number[] };
      expect(sip.length).to.equal(3);
      await new Promise<void>((resolve) => {
        capture.removeAllListeners('close').once('close', () => {
          resolve();
        });
        setTimeout(() => capture.kill('SIGINT'), 500);
      });

      const ports = sip.flatMap((port) => ['-d', `udp.port==${port},sip`]);
      const dissect = async (filter: string): Promise<string[]> => {
        const result = await run('tshark', [
          '-r',
          file,
          ...ports,
          '-Y',
          filter,
          '-T',
          'fields',
          '-e',
          'frame.number',
          '-e',
          '_ws.col.Info',
        ]);
        expect(result.code, result.errors).to.equal(0);
        return result.output.split('\n').filter((text) => text !== '');
      };
      const anyOfOurs = sip.map((port) => `udp.port == ${port}`).join(' || ');
      expect((await dissect('sip')).length, 'SIP messages dissected').to.be.greaterThan(20);
      expect(await dissect(`(${anyOfOurs}) && !sip`), 'packets of ours that are no SIP').to.deep.equal([]);
      expect(await dissect(`(${anyOfOurs}) && _ws.malformed`), 'malformed').to.deep.equal([]);
      // 0x00800000 is Error in tshark's scale of severities.
      expect(await dissect(`sip && _ws.expert.severity >= 0x00800000`), 'expert errors').to.deep.equal([]);
    } finally {
      capture.kill('SIGKILL');
      await rm(folder, { recursive: true });
    }
  });
});
