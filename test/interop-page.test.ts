import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { runProgram } from './support/run-program.ts';

const PAGE = readFileSync(new URL('../docs/interop.md', import.meta.url), 'utf8');
const MOCHA = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url));
const INTEROP = fileURLToPath(new URL('interop/*.test.ts', import.meta.url));

/** How each program tells its version, and how the page names it. */
const PROGRAMS = [
  { name: 'Kamailio', command: ['kamailio', '-v'] },
  { name: 'sipsak', command: ['sipsak', '--version'] },
  { name: 'baresip', command: ['baresip', '-h'] },
  { name: 'SIPp', command: ['sipp', '-v'] },
] as const;

describe('docs/interop.md', () => {
  it('has one row for each test with foreign software, and no other, under the heading of its suite', async function () {
    this.timeout(60_000);
    const listing = await runProgram(process.execPath, [MOCHA, '--dry-run', '--reporter', 'json', INTEROP]);
    const { tests } = JSON.parse(listing.output) as { tests: { title: string; fullTitle: string }[] };
    // Parsers have a page of their own, docs/sip-readers.md.
    const programs = tests.filter(({ fullTitle }) => !fullTitle.startsWith('other parsers'));
    const titles = programs.map(({ fullTitle }) => fullTitle.replace(/^interop: /, ''));
    expect(rows()).to.deep.equal(titles.toSorted());
  });

  for (const { name, command } of PROGRAMS) {
    it(`names the version of ${name} that is installed`, async () => {
      const versions = [...PAGE.matchAll(new RegExp(`${name} (\\d+\\.[\\d.]*\\d)`, 'g'))].map(
        ([, version = '']) => version,
      );
      expect(versions).not.to.be.empty;
      const [program, ...args] = command;
      const { output, errors } = await runProgram(program, args);
      for (const version of versions) expect(output + errors).to.contain(version);
    });
  }
});

/** The heading, without the version, and the first cell of every row. */
function rows(): string[] {
  let heading = '';
  const found: string[] = [];
  for (const line of PAGE.split('\n')) {
    if (line.startsWith('## ')) heading = line.slice(3).replace(/ \d+\.[\d.]*\d /, ' ');
    const [, title = ''] = /^\| (.+?) \| [^|]+ \|$/.exec(line) ?? [];
    if (title !== '' && title !== 'What is exercised') found.push(`${heading} ${title}`);
  }
  return found.toSorted();
}
