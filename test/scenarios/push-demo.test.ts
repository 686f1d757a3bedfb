import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { runProgram } from '../support/run-program.ts';

const DEMO = fileURLToPath(new URL('../../scenarios/demo/main.ts', import.meta.url));

describe('npm run demo -- push', () => {
  it('shows a message that arrives, a replayed and a forged GPI refused, and a resynchronisation', async function () {
    this.timeout(180_000);
    const { code, output, errors } = await runProgram(process.execPath, [DEMO, 'push']);
    expect(code, output + errors).to.equal(0);
    expect(output).to.contain('all of it happened').and.not.contain('NOT:');
    for (const reason of ['duplicate-rand', 'mac-failure', 'forged']) expect(output).to.contain(`refuses: ${reason}`);
    expect(output).to.contain('gives AUTS');
  });

  it('says which demos there are', async () => {
    const { code, errors } = await runProgram(process.execPath, [DEMO, 'nothing']);
    expect(code).to.equal(2);
    expect(errors).to.contain('there is no demo nothing: session, push');
  });
});
