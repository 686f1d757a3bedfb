#!/usr/bin/env node
// An older Node would fail to load what this program imports, with words that do not help; so the version comes first.
const OLDEST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(`osgate: needs Node.js ${OLDEST_NODE} or newer, this is ${process.versions.node}\n`);
  process.exitCode = 1;
} else {
  const { run } = await import('./run.ts');
  await run(process.argv);
}
