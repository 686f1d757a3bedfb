// `npm run fuzz -- [--seconds N] [--seed N] [--target NAME]`: feeds mutations of the torture corpus to the SIP, DTLS and push parsers at length.
// NAME is a target, or the beginning of several: `push` is all of GBA Push. An input that breaks a promise is kept in test/fixtures/fuzz-seeds, from where the tests replay it, and fuzzing goes on.
import { parseArgs } from 'node:util';

import { DTLS_FUZZ_TARGETS } from '../test/dtls/fuzz/targets.ts';
import { DTLS_HANDSHAKE_FUZZ_TARGETS } from '../test/dtls/handshake/fuzz-targets.ts';
import { PUSH_INITIATOR_FUZZ_TARGETS } from '../test/push/fuzz/initiator-targets.ts';
import { PUSH_SMPP_FUZZ_TARGETS } from '../test/push/fuzz/smpp-targets.ts';
import { PUSH_FUZZ_TARGETS } from '../test/push/fuzz/targets.ts';
import { mutate } from '../test/sip/fuzz/mutate.ts';
import { saveFuzzSeed } from '../test/sip/fuzz/seeds.ts';
import { FUZZ_TARGETS, type FuzzTarget } from '../test/sip/fuzz/targets.ts';
import { checkTime } from '../test/sip/fuzz/time-check.ts';
import { seededRandom } from '../test/support/memory-network.ts';

/** A target that fails more often has a bug to be fixed first. */
const MAXIMUM_FAILURES = 10;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const all = [
  ...FUZZ_TARGETS,
  ...DTLS_HANDSHAKE_FUZZ_TARGETS,
  ...DTLS_FUZZ_TARGETS,
  ...PUSH_FUZZ_TARGETS,
  ...PUSH_INITIATOR_FUZZ_TARGETS,
  ...PUSH_SMPP_FUZZ_TARGETS,
];
const wanted = values.target;
const targets = all.filter(({ name }) => wanted === undefined || name === wanted || name.startsWith(`${wanted}-`));
if (targets.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  const names = all.map(({ name }) => name).join('|');
  process.stderr.write(`usage: npm run fuzz -- [--seconds N] [--seed N] [--target ${names}]\n`);
  process.exitCode = 2;
} else {
  console.log(`seed ${seed}`);
  const failures = targets.map((target) => fuzz(target, (seconds * 1000) / targets.length));
  if (failures.some((count) => count > 0)) process.exitCode = 1;
}

/** Fuzzes one target for some milliseconds, and tells how many inputs broke a promise. */
function fuzz({ name, corpus, read, check }: FuzzTarget, milliseconds: number): number {
  // Compiled before it is measured.
  for (const text of corpus) read(text);
  const random = seededRandom(seed);
  const end = Date.now() + milliseconds;
  let inputs = 0;
  let failures = 0;
  for (; Date.now() < end && failures < MAXIMUM_FAILURES; inputs++) {
    const text = mutate(random, corpus);
    try {
      check(text);
      checkTime(text, read);
    } catch (error) {
      failures++;
      const reason = error instanceof Error ? error.message : String(error);
      console.log(`${name}: test/fixtures/fuzz-seeds/${saveFuzzSeed(name, text)}: ${reason.slice(0, 400)}`);
    }
  }
  console.log(`${name}: ${inputs} inputs, ${failures} failures`);
  return failures;
}
