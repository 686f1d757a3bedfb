import { expect } from 'chai';

import { BootstrappedGateway } from '../../../bench/support/bootstrapped-gateway.ts';
import { compiled } from '../../../bench/support/compile.ts';
import { BackgroundProgram, runProgram } from '../../../bench/support/run-program.ts';

const KNOWN = 50;
const RETURNING = 1000;

describe('an avalanche of returning agents', function () {
  this.timeout(120_000);

  it('lesson 33: all get in, and none of the known fails meanwhile', async () => {
    const gateway = await BootstrappedGateway.start({ agents: KNOWN + RETURNING });
    const server = new BackgroundProgram(await compiled('answerer'), [gateway.targetPort]);
    try {
      const file = await gateway.writeAgents();
      const result = await runProgram(await compiled('agents'), [gateway.port, file, KNOWN, 1, 60]);
      expect(result).to.include({ agents: RETURNING, in: RETURNING, refused: 0, knownFailed: 0 });
      const metrics = await gateway.metrics();
      expect(metrics.get('osgate_admission_known_flows')).to.equal(KNOWN + RETURNING);
      expect(metrics.get('osgate_admission_total{kind="queued-front"}'), 'after their challenge').to.be.at.least(
        RETURNING,
      );
    } finally {
      await server.stop();
      await gateway.stop();
    }
  });
});
