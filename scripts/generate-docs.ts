// Writes the pages of docs/ that are made from the code: configuration.md from the schema, errors.md from the tables of error
// codes, refusals.md from the table of refusal reasons, sip-torture.md and sip-readers.md from the torture corpus.
// test/docs.test.ts fails when they are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { configurationPage } from './docs/configuration-page.ts';
import { errorsPage } from './docs/errors-page.ts';
import { refusalsPage } from './docs/refusals-page.ts';
import { sipReadersPage } from './docs/sip-readers-page.ts';
import { sipTorturePage } from './docs/sip-torture-page.ts';

/** The pages, by the name they have in docs/. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'configuration.md': configurationPage,
  'errors.md': errorsPage,
  'refusals.md': refusalsPage,
  'sip-readers.md': sipReadersPage,
  'sip-torture.md': sipTorturePage,
};

if (import.meta.main) {
  for (const [name, page] of Object.entries(GENERATED_PAGES)) {
    const path = new URL(`../docs/${name}`, import.meta.url);
    const text = page();
    if (read(path) === text) continue;
    writeFileSync(path, text);
    console.log(`docs/${name}: written`);
  }
}

function read(path: URL): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
