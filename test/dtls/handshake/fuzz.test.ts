import { seededRandom } from '../../support/memory-network.ts';
import { mutate } from '../../sip/fuzz/mutate.ts';
import { fuzzSeeds } from '../../sip/fuzz/seeds.ts';
import { DTLS_HANDSHAKE_FUZZ_TARGETS } from './fuzz-targets.ts';

/** Inputs to each target here; `npm run fuzz` does it at length. */
const INPUTS = 2000;

describe('dtls: fuzzing handshakes', function () {
  this.timeout(60_000);

  for (const { name, target, text } of fuzzSeeds()) {
    const found = DTLS_HANDSHAKE_FUZZ_TARGETS.find((candidate) => candidate.name === target);
    if (found === undefined) continue;
    it(`lesson 6: keeps its promises for ${name}`, () => {
      found.check(text);
    });
  }

  for (const { name, corpus, check } of DTLS_HANDSHAKE_FUZZ_TARGETS) {
    const seed = Number(process.env['OSGATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    it(`lesson 6: ${name} never throws, and what is read is written the same (seed ${seed})`, () => {
      const random = seededRandom(seed);
      for (let input = 0; input < INPUTS; input++) check(mutate(random, corpus));
    });
  }
});
