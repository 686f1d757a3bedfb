// `npm run scenarios [-- --transport udp|dtls] [-- --only NAME]`: every SIPp scenario against a whole system, over UDP and
// TCP with digest and then through `osgate agent proxy` over DTLS, each with a load at the end. One line a scenario; the exit
// status is 0 only if all passed.
import { parseArgs } from 'node:util';

import type { SippResult } from './support/sipp.ts';
import { DTLS_SCENARIOS, DtlsScenarioRunner, dtlsLoad, RAW_DTLS_SCENARIOS } from './sipp/dtls-scenarios.ts';
import { load, RAW_SCENARIOS, ScenarioRunner, SCENARIOS } from './sipp/scenarios.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, transport: { type: 'string' } } });
if (values.transport !== undefined && values.transport !== 'udp' && values.transport !== 'dtls') {
  console.error('--transport is udp or dtls');
  process.exit(2);
}
const isWanted = ({ name }: { readonly name: string }): boolean => values.only === undefined || name === values.only;

let passed = 0;
let failed = 0;
if (values.transport !== 'dtls') await runAll(await ScenarioRunner.start(), RAW_SCENARIOS, [...SCENARIOS, load(20)]);
if (values.transport !== 'udp') {
  await runAll(await DtlsScenarioRunner.start(), RAW_DTLS_SCENARIOS, [...DTLS_SCENARIOS, dtlsLoad(20)], ' over DTLS');
}
console.log(`${passed} scenarios passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

interface Runner<Scenario, Raw> {
  run(scenario: Scenario): Promise<SippResult>;
  runRaw(scenario: Raw): Promise<SippResult>;
  stop(): Promise<number[]>;
}

async function runAll<Scenario extends { name: string; calls: number }, Raw extends { name: string }>(
  runner: Runner<Scenario, Raw>,
  raw: readonly Raw[],
  scenarios: readonly Scenario[],
  suffix = '',
): Promise<void> {
  try {
    for (const scenario of raw.filter(isWanted)) {
      await report(scenario.name + suffix, 1, () => runner.runRaw(scenario));
    }
    for (const scenario of scenarios.filter(isWanted)) {
      await report(scenario.name + suffix, scenario.calls, () => runner.run(scenario));
    }
  } finally {
    const statuses = await runner.stop();
    if (statuses.some((status) => status !== 0)) {
      failed++;
      console.log(`FAILED  shutdown${suffix}: exit statuses ${statuses.join(', ')}`);
    }
  }
}

async function report(name: string, calls: number, run: () => Promise<SippResult>): Promise<void> {
  const startedAt = performance.now();
  const { ok, errors } = await run().catch((error: unknown) => ({ ok: false, errors: String(error) }));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${ok ? 'passed' : 'FAILED'}  ${name}  ${calls} ${calls === 1 ? 'call' : 'calls'} in ${seconds} s`);
  if (ok) {
    passed++;
  } else {
    failed++;
    console.log(errors);
  }
}
