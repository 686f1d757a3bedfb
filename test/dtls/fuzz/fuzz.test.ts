import { expect } from 'chai';

import { seededRandom } from '../../support/memory-network.ts';
import { mutate } from '../../sip/fuzz/mutate.ts';
import { fuzzSeeds } from '../../sip/fuzz/seeds.ts';
import { DTLS_HANDSHAKE_FUZZ_TARGETS } from '../handshake/fuzz-targets.ts';
import { DTLS_FUZZ_TARGETS } from './targets.ts';

/** Inputs to each target here; `npm run fuzz` does it at length. */
const INPUTS = 1500;

describe('dtls: fuzzing records and certificates', function () {
  this.timeout(60_000);

  for (const { name, target, text } of fuzzSeeds().filter(({ target }) => target.startsWith('dtls-'))) {
    it(`lesson 6: keeps its promises for ${name}`, () => {
      const all = [...DTLS_FUZZ_TARGETS, ...DTLS_HANDSHAKE_FUZZ_TARGETS];
      const { check } = all.find((candidate) => candidate.name === target) ?? expect.fail('no such target');
      check(text);
    });
  }

  for (const { name, corpus, check } of DTLS_FUZZ_TARGETS) {
    const seed = Number(process.env['OSGATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
    it(`lesson 6: ${name} never throws, and nothing that was changed is taken for authentic (seed ${seed})`, () => {
      const random = seededRandom(seed);
      for (const text of corpus) check(text);
      for (let input = 0; input < INPUTS; input++) check(mutate(random, corpus));
    });
  }
});
