import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { Capture } from '../support/capture.ts';
import { runProgram } from '../support/run-program.ts';

const DEMO = fileURLToPath(new URL('../../scenarios/demo/main.ts', import.meta.url));

describe('npm run demo', () => {
  it('does all that it shows, and tshark finds nothing wrong with its SIP', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), 'osgate-capture-'));
    const capture = await Capture.start(join(folder, 'demo.pcapng'));
    try {
      const environment = { OSGATE_DEMO_PORTS: '1' };
      const { code, output, errors } = await runProgram(process.execPath, [DEMO], { environment });
      expect(code, output + errors).to.equal(0);
      expect(output).to.contain('all of it happened').and.not.contain('NOT:');
      const line = output.split('\n').find((text) => text.startsWith('{"event":"ports"')) ?? '{}';
      const { sip = [] } = JSON.parse(line) as { sip?: number[] };
      expect(sip.length).to.equal(3);
      await capture.stop();

      expect((await capture.dissect(sip, 'sip')).length, 'SIP messages dissected').to.be.greaterThan(20);
      expect(await capture.faults(sip)).to.deep.equal([]);
    } finally {
      capture.kill();
      await rm(folder, { recursive: true });
    }
  });
});
