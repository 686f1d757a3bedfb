// `npm run scenarios [-- --only NAME]`: every SIPp scenario against a whole system, then the load of 1,000 exchanges a
// second for 20 s. One line a scenario; the exit status is 0 only if all passed.
import { parseArgs } from 'node:util';

import type { SippResult } from './support/sipp.ts';
import { load, RAW_SCENARIOS, ScenarioRunner, SCENARIOS } from './sipp/scenarios.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const isWanted = ({ name }: { readonly name: string }): boolean => values.only === undefined || name === values.only;

const runner = await ScenarioRunner.start();
let passed = 0;
let failed = 0;
try {
  for (const scenario of RAW_SCENARIOS.filter(isWanted)) {
    await report(scenario.name, 1, () => runner.runRaw(scenario));
  }
  for (const scenario of [...SCENARIOS, load(20)].filter(isWanted)) {
    await report(scenario.name, scenario.calls, () => runner.run(scenario));
  }
} finally {
  const statuses = await runner.stop();
  if (statuses.some((status) => status !== 0)) {
    failed++;
    console.log(`FAILED  shutdown: exit statuses ${statuses.join(', ')}`);
  }
}
console.log(`${passed} scenarios passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function report(name: string, calls: number, run: () => Promise<SippResult>): Promise<void> {
  const startedAt = performance.now();
  const { ok, errors } = await run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${ok ? 'passed' : 'FAILED'}  ${name}  ${calls} ${calls === 1 ? 'call' : 'calls'} in ${seconds} s`);
  if (ok) {
    passed++;
  } else {
    failed++;
    console.log(errors);
  }
}
