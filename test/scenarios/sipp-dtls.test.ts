import { expect } from 'chai';

import {
  DTLS_SCENARIOS,
  DtlsScenarioRunner,
  dtlsLoad,
  RAW_DTLS_SCENARIOS,
} from '../../scenarios/sipp/dtls-scenarios.ts';

describe('SIPp scenarios over DTLS, through osgate agent proxy', function () {
  this.timeout(120_000);
  let runner: DtlsScenarioRunner;

  before(async () => {
    runner = await DtlsScenarioRunner.start();
  });

  after(async () => {
    expect(await runner.stop(), 'exit statuses after SIGTERM').to.deep.equal([0, 0, 0, 0]);
  });

  for (const scenario of RAW_DTLS_SCENARIOS) {
    it(scenario.name, async () => {
      expect((await runner.runRaw(scenario)).errors).to.equal('');
    });
  }

  for (const scenario of [...DTLS_SCENARIOS, dtlsLoad(5)]) {
    it(`${scenario.name}, ${scenario.calls} calls`, async () => {
      const { ok, errors } = await runner.run(scenario);
      expect(ok, errors).to.equal(true);
    });
  }
});
