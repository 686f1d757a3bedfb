import { expect } from 'chai';
import fc from 'fast-check';

import { seededRandom } from '../../support/memory-network.ts';
import { mutate } from './mutate.ts';
import { saveFuzzSeed, fuzzSeeds } from './seeds.ts';
import { FUZZ_TARGETS } from './targets.ts';
import { checkTime } from './time-check.ts';

/** How long each target is fuzzed here; `npm run fuzz` does it at length. */
const MILLISECONDS = 700;

describe('fuzzing', function () {
  this.timeout(60_000);

  for (const { name, target, text } of fuzzSeeds().filter((seed) => !/^(?:dtls|push)-/.test(seed.target))) {
    it(`lesson 25: keeps its promises for ${name}`, () => {
      const { read, check } =
        FUZZ_TARGETS.find((candidate) => candidate.name === target) ?? expect.fail('no such target');
      check(text);
      checkTime(text, read);
    });
  }

  for (const { name, corpus, read, check } of FUZZ_TARGETS) {
    const seed = Number(process.env['OSGATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    it(`lesson 25: ${name} never throws, means the same when it is written and read again, and is in time (seed ${seed})`, () => {
      // Compiled before it is measured.
      for (const text of corpus) read(text);
      const input = fc.integer({ min: 0 }).map((number) => mutate(seededRandom(number), corpus));
      fc.assert(
        fc.property(input, (text) => {
          try {
            check(text);
            checkTime(text, read);
          } catch (error) {
            saveFuzzSeed(name, text);
            throw error;
          }
        }),
        { seed, numRuns: 1_000_000, interruptAfterTimeLimit: MILLISECONDS, endOnFailure: true },
      );
    });
  }
});
