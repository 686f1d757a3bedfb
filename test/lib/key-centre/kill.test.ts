import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect } from 'chai';
import { stringify } from 'yaml';

import { parseSqn } from '../../../kmc/index.ts';
import { SoftwareUsim, UbClient } from '../../../lib/seca/index.ts';
import { NodeProcess, OSGATE, portOf } from '../../../scenarios/support/node-process.ts';
import { scenarioSubscriber, subscribersCsv } from '../../../scenarios/support/subscribers.ts';

const KILLS = 8;
const SEED = 20261124;

describe('the key centre under kill -9', () => {
  let folder: string;
  let config: string;
  const subscriber = scenarioSubscriber(0);

  const osgate = async (args: readonly string[]): Promise<NodeProcess> => {
    const process = new NodeProcess('osgate', OSGATE, args);
    expect(await process.exited(), process.errors).to.equal(0);
    return process;
  };

  const startKmc = async (): Promise<{ kmc: NodeProcess; url: string }> => {
    const kmc = new NodeProcess('kmc', OSGATE, ['kmc', '-c', config]);
    const port = portOf(await kmc.waitFor('listening', (record) => record.event === 'listening'));
    return { kmc, url: `http://127.0.0.1:${port}/` };
  };

  const storedSqn = async (): Promise<bigint> => {
    const { records } = await osgate(['subscriber', 'list', '-c', config, '--json']);
    const text = JSON.stringify(records);
    const sqn = /"sqn":"([0-9a-f]{1,12})"/.exec(text)?.[1];
    expect(sqn, text).to.not.equal(undefined);
    return parseSqn(Buffer.from((sqn ?? '').padStart(12, '0'), 'hex'));
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-kill-'));
    config = join(folder, 'kmc.yaml');
    const kmc = {
      domain: 'bsf.example.com',
      subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      bootstrapping: { store: { type: 'sqlite', path: 'contexts.db' }, challengeBurst: 100_000 },
      ub: { host: '127.0.0.1', port: 0 },
    };
    await writeFile(config, stringify({ log: { format: 'json' }, kmc }));
    await osgate(['subscriber', 'key', '--file', join(folder, 'secret.key')]);
    await writeFile(join(folder, 'subscribers.csv'), subscribersCsv([subscriber]));
    await osgate(['subscriber', 'import', '-c', config, join(folder, 'subscribers.csv')]);
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it(`no SQN goes back and the next exchange succeeds after restart, ${KILLS} kills, seed ${SEED}`, async function () {
    this.timeout(120_000);
    const k = Buffer.from(subscriber.k, 'hex');
    const opc = Buffer.from(subscriber.opc, 'hex');
    // One card for all runs: it refuses any SQN that it has seen, and resynchronisation would show in the key centre's log.
    const uicc = new SoftwareUsim({ k, opc });
    let random = SEED;
    let highest = 0n;
    const seen = new Set<string>();
    let established = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { kmc, url } = await startKmc();
      const client = new UbClient({ url, impi: subscriber.impi, uicc, timeoutMilliseconds: 3000 });
      const first = await client.bootstrap();
      expect(seen.has(first.btid)).to.equal(false);
      seen.add(first.btid);
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      setTimeout(() => {
        kmc.kill('SIGKILL');
      }, random % 120);
      try {
        for (;;) {
          seen.add((await client.bootstrap()).btid);
          established++;
        }
      } catch {
        // The process was killed in the middle of an exchange.
      }
      await kmc.exited();
      expect(
        kmc.records.some((record) => record.event === 'resynchronised'),
        'the card never had to resynchronise',
      ).to.equal(false);
      const sqn = await storedSqn();
      expect(sqn > highest, `SQN ${sqn} after ${highest}`).to.equal(true);
      highest = sqn;
    }
    const { kmc } = await startKmc();
    expect(await kmc.stop()).to.equal(0);
    const database = new DatabaseSync(join(folder, 'contexts.db'), { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const rows = tables
      .map(({ name }) => Number(database.prepare(`SELECT count(*) AS n FROM "${String(name)}"`).get()?.n))
      .reduce((most, count) => Math.max(most, count), 0);
    database.close();
    expect(rows >= established, `every B-TID that was given out is still there: ${rows} of ${established}`).to.equal(
      true,
    );
  });
});
