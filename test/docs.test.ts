import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { parseConfig } from '../lib/config/index.ts';
import { GENERATED_PAGES } from '../scripts/generate-docs.ts';

const DOCS = new URL('../docs/', import.meta.url);

describe('the documentation', () => {
  for (const [name, page] of Object.entries(GENERATED_PAGES)) {
    it(`docs/${name} is what the code says (npm run docs makes it)`, () => {
      expect(readFileSync(new URL(name, DOCS), 'utf8')).to.equal(page());
    });
  }

  it('describes every key of the configuration', () => {
    const withoutDescription = GENERATED_PAGES['configuration.md']?.()
      .split('\n')
      .filter((line) => line.startsWith('| `') && /\|\s*(?:\(`[a-z-]+`\)\s*)?\|$/.test(line));
    expect(withoutDescription).to.deep.equal([]);
  });

  for (const page of ['quick-start.md', 'identity.md', 'push-associations.md']) {
    it(`has only valid configurations in docs/${page}`, () => {
      const blocks = yamlBlocks(page);
      expect(blocks).not.to.be.empty;
      for (const block of blocks) expect(parseConfig(block, '/etc/osgate/osgate.yaml')).to.be.an('object');
    });
  }

  it('has no link that leads nowhere', () => {
    const pages = ['../README.md', '../CONTRIBUTING.md', '../SECURITY.md', '../CHANGELOG.md', ...markdownIn(DOCS)];
    const broken = pages.flatMap((page) => {
      const base = new URL(page, DOCS);
      const links = [...readFileSync(base, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(
        ([, target = '']) => target,
      );
      return links.filter((target) => !isThere(new URL(target, base))).map((target) => `${page}: ${target}`);
    });
    expect(broken).to.deep.equal([]);
  });
});

function yamlBlocks(page: string): string[] {
  const text = readFileSync(new URL(page, DOCS), 'utf8');
  return [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = '']) => block);
}

function markdownIn(folder: URL): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
}

function isThere(target: URL): boolean {
  try {
    readFileSync(target);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EISDIR';
  }
}
