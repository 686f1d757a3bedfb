import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { Handover, type ListenerHandover } from '../../../../lib/gateway/dtls/handover.ts';

const KEY = Buffer.alloc(32, 1);

const HANDED: ListenerHandover[] = [
  {
    listener: 'agents',
    sealed: Buffer.from('sealed by the library'),
    records: [
      { key: 'aabb', association: 4_294_967_295 },
      { key: '192.0.2.1 5', association: 0, flow: { subject: 's', serial: 9, required: true, keptAlive: false } },
    ],
  },
];

describe('the file by which associations are handed over', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-handover-'));
    path = join(folder, 'associations');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is for its owner alone, sealed, and gone once it was read', async () => {
    await new Handover({ path, key: KEY }).write(HANDED);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect((await readFile(path)).includes('agents')).to.equal(false);
    expect(await new Handover({ path, key: KEY }).take()).to.deep.equal(HANDED);
    expect(await readdir(folder)).to.deep.equal([]);
    expect(await new Handover({ path, key: KEY }).take()).to.equal(undefined);
  });

  it('is not believed when it was damaged, sealed under another key, or is old; and gone all the same', async () => {
    await new Handover({ path, key: KEY }).write(HANDED);
    expect(await new Handover({ path, key: Buffer.alloc(32, 2) }).take()).to.equal('damaged');
    expect(await readdir(folder)).to.deep.equal([]);
    await writeFile(path, 'no such thing');
    expect(await new Handover({ path, key: KEY }).take()).to.equal('damaged');
    await new Handover({ path, key: KEY, now: () => 1_000_000 }).write(HANDED);
    expect(await new Handover({ path, key: KEY, now: () => 1_600_001 }).take()).to.equal('too-old');
    await new Handover({ path, key: KEY, now: () => 1_000_000 }).write(HANDED);
    expect(await new Handover({ path, key: KEY, now: () => 1_600_000 }).take()).to.deep.equal(HANDED);
  });

  it('takes the place of an older one', async () => {
    await new Handover({ path, key: KEY }).write([]);
    await new Handover({ path, key: KEY }).write(HANDED);
    expect(await new Handover({ path, key: KEY }).take()).to.deep.equal(HANDED);
  });
});
