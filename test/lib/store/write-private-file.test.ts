import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { writePrivateFile } from '../../../lib/store/index.ts';

describe('writePrivateFile', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-file-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('makes a file for its owner alone, puts others in its place, and leaves nothing beside it', async () => {
    const path = join(folder, 'secret');
    await writePrivateFile(path, 'one');
    await writePrivateFile(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).to.equal('two');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readdirSync(folder)).to.deep.equal(['secret']);
  });

  it('does not take over the rights of what a crash left beside it', async () => {
    const path = join(folder, 'secret');
    writeFileSync(`${path}.new`, 'half');
    chmodSync(`${path}.new`, 0o644);
    await writePrivateFile(path, 'whole');
    expect(readFileSync(path, 'utf8')).to.equal('whole');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('rejects where it cannot write', async () => {
    const error = await writePrivateFile(join(folder, 'no', 'where'), 'x').catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'ENOENT');
  });
});
