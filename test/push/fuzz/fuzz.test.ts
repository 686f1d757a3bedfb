import { expect } from 'chai';

import { seededRandom } from '../../support/memory-network.ts';
import { mutate } from '../../sip/fuzz/mutate.ts';
import { fuzzSeeds, saveFuzzSeed } from '../../sip/fuzz/seeds.ts';
import { checkTime } from '../../sip/fuzz/time-check.ts';
import { PUSH_INITIATOR_FUZZ_TARGETS } from './initiator-targets.ts';
import { PUSH_SMPP_FUZZ_TARGETS } from './smpp-targets.ts';
import { PUSH_FUZZ_TARGETS } from './targets.ts';

/** Inputs to each target here; `npm run fuzz` does it at length. */
const INPUTS = 1500;
const TARGETS = [...PUSH_FUZZ_TARGETS, ...PUSH_INITIATOR_FUZZ_TARGETS, ...PUSH_SMPP_FUZZ_TARGETS];

describe('push: fuzzing', function () {
  this.timeout(60_000);

  for (const { name, target, text } of fuzzSeeds().filter(({ target }) => target.startsWith('push-'))) {
    it(`lesson 25: keeps its promises for ${name}`, () => {
      const { read, check } = TARGETS.find((candidate) => candidate.name === target) ?? expect.fail('no such target');
      check(text);
      checkTime(text, read);
    });
  }

  for (const { name, corpus, read, check } of TARGETS) {
    const seed = Number(process.env['OSGATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    it(`lesson 25: ${name} never throws, means the same when it is written and read again, and is in time (seed ${seed})`, () => {
      // Compiled before it is measured.
      for (const text of corpus) read(text);
      const random = seededRandom(seed);
      for (const text of corpus) check(text);
      for (let input = 0; input < INPUTS; input++) {
        const text = mutate(random, corpus);
        try {
          check(text);
          checkTime(text, read);
        } catch (error) {
          saveFuzzSeed(name, text);
          throw error;
        }
      }
    });
  }
});
