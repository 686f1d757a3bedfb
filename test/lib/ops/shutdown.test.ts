import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const MODULE = new URL('../../../lib/ops/index.ts', import.meta.url).href;

describe('running until a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} closes the service and exits 0`, async () => {
      const child = await running('close: async () => { console.log("closed"); }');
      child.process.kill(signal);
      expect(await child.ended).to.deep.equal({ code: 0, lines: ['ready', 'closed'] });
    });
  }

  it('waits for what is under way', async () => {
    const child = await running(
      'close: () => new Promise((done) => setTimeout(() => { console.log("drained"); done(); }, 150))',
    );
    child.process.kill('SIGTERM');
    expect(await child.ended).to.deep.equal({ code: 0, lines: ['ready', 'drained'] });
  });

  it('a second signal exits 1 at once', async () => {
    const child = await running('close: () => { console.log("closing"); return new Promise(() => {}); }', 60_000);
    child.process.kill('SIGTERM');
    await child.line('closing');
    child.process.kill('SIGTERM');
    expect(await child.ended).to.deep.equal({ code: 1, lines: ['ready', 'closing'] });
  });

  it('exits 1 when closing fails', async () => {
    const child = await running('close: async () => { throw new TypeError("no"); }');
    child.process.kill('SIGTERM');
    expect((await child.ended).code).to.equal(1);
  });

  it('exits 1 when closing is stuck beyond its grace', async () => {
    const child = await running('close: () => new Promise(() => {})', 0);
    child.process.kill('SIGTERM');
    expect((await child.ended).code).to.equal(1);
  });
});

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; lines: string[] }>;
  line(text: string): Promise<void>;
}

/** A process that runs a service with this `close`, once it says that it is ready. */
async function running(close: string, graceMilliseconds = 1000): Promise<Child> {
  const program = `
    import { createLogger, runUntilSignal } from '${MODULE}';
    // Keeps the process alive, as a socket would.
    setInterval(() => {}, 1000);
    await runUntilSignal({
      logger: createLogger({ level: 'silent', format: 'json' }, 'test'),
      graceMilliseconds: ${graceMilliseconds},
      start: async () => { setImmediate(() => console.log('ready')); return { ${close} }; },
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => (text += chunk));
  const line = async (wanted: string): Promise<void> => {
    while (!text.split('\n').includes(wanted)) await once(child.stdout, 'data');
  };
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    lines: text.trim().split('\n'),
  }));
  await line('ready');
  return { process: child, ended, line };
}
