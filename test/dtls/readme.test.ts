import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { DEFAULT_LIMITS } from '../../dtls/index.ts';

const README = readFileSync(new URL('../../dtls/README.md', import.meta.url), 'utf8');

describe('the page of osgate/dtls', () => {
  it('has an example that runs', () => {
    const [, example = ''] = /^```ts\n([^]*?)^```$/m.exec(README) ?? [];
    const folder = mkdtempSync(join(tmpdir(), 'osgate-example-'));
    try {
      const index = fileURLToPath(new URL('../../dtls/index.ts', import.meta.url));
      const file = join(folder, 'example.ts');
      writeFileSync(file, example.replace("'osgate/dtls'", JSON.stringify(index)));
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      const said = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 15_000 });
      expect(said).to.equal('hello, with ECDHE-PSK-AES128-GCM-SHA256\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names every limit', () => {
    for (const name of Object.keys(DEFAULT_LIMITS)) expect(README).to.include(`\`${name}\``);
  });
});
