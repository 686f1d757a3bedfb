import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { SecretKey, SubscriberDatabase } from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const SEED = 20_260_801;
const KILLS = 15;
const opener = fileURLToPath(new URL('open-database.ts', import.meta.url));
const program = fileURLToPath(new URL('draw-vectors.ts', import.meta.url));

describe('SQN on disk', function () {
  this.timeout(120_000);
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-sqn-'));
    path = join(folder, 'subscribers.sqlite');
    const database = SubscriberDatabase.open(path, new SecretKey(KEY));
    database.add(TEST_SUBSCRIBER);
    database.close();
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it(`never repeats or goes back over ${KILLS} kills at any moment (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    let last = TEST_SUBSCRIBER.sqn;
    let drawn = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(child, 'exit');
      const output: Buffer[] = [];
      const first = new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          output.push(chunk);
          resolve();
        });
      });
      const ended = once(child.stdout, 'close');
      // The delay starts with the first vector, so that no kill is wasted on a process that is still loading.
      await Promise.race([first, exited]);
      await new Promise((resolve) => setTimeout(resolve, random() * 60));
      child.kill('SIGKILL');
      await Promise.all([exited, ended]);
      // The kill may have cut the last line short; that vector had not left.
      const lines = Buffer.concat(output).toString().split('\n').slice(0, -1);
      expect(lines.length).to.be.greaterThan(0);
      for (const line of lines) {
        expect(BigInt(line) > last, `${line} after ${last.toString()}, kill ${kill}`).to.equal(true);
        last = BigInt(line);
        drawn += 1;
      }
    }
    expect(drawn).to.be.greaterThan(KILLS);
    const database = SubscriberDatabase.open(path, new SecretKey(KEY));
    expect((database.get(TEST_SUBSCRIBER.impi)?.sqn ?? 0n) >= last).to.equal(true);
    database.close();
  });

  it('is drawn once when several processes draw at the same time', async () => {
    const outputs = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, [program, path, '100'], { stdio: ['ignore', 'pipe', 'inherit'] });
        const exited = once(child, 'exit');
        const output = await text(child.stdout);
        expect(await exited).to.deep.equal([0, null]);
        return output.trim().split('\n').map(BigInt);
      }),
    );
    const all = outputs.flat();
    expect(all).to.have.length(300);
    expect(new Set(all).size).to.equal(300);
    for (const sequence of outputs) expect(sequence).to.deep.equal([...sequence].sort((a, b) => (a < b ? -1 : 1)));
  });
});

describe('a new subscriber database', function () {
  this.timeout(60_000);

  it('may be made by several processes at the same moment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osgate-new-'));
    try {
      for (let round = 0; round < 3; round++) {
        const path = join(folder, `${round}.sqlite`);
        const start = String(Date.now() + 700);
        const codes = await Promise.all(
          [1, 2, 3, 4].map(async () => {
            const child = spawn(process.execPath, [opener, path, start], { stdio: ['ignore', 'ignore', 'inherit'] });
            const [code] = (await once(child, 'exit')) as [number | null];
            return code;
          }),
        );
        expect(codes).to.deep.equal([0, 0, 0, 0]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Mulberry32: numbers from 0 up to 1, the same ones for a seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
