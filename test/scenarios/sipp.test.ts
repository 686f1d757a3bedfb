import { expect } from 'chai';

import { load, RAW_SCENARIOS, ScenarioRunner, SCENARIOS } from '../../scenarios/sipp/scenarios.ts';

describe('SIPp scenarios', function () {
  this.timeout(120_000);
  let runner: ScenarioRunner;

  before(async () => {
    runner = await ScenarioRunner.start();
  });

  after(async () => {
    expect(await runner.stop(), 'exit statuses after SIGTERM').to.deep.equal([0, 0, 0]);
  });

  for (const scenario of RAW_SCENARIOS) {
    it(scenario.name, async () => {
      expect((await runner.runRaw(scenario)).errors).to.equal('');
    });
  }

  for (const scenario of [...SCENARIOS, load(5)]) {
    it(`${scenario.name}, ${scenario.calls} calls`, async () => {
      const { ok, errors } = await runner.run(scenario);
      expect(ok, errors).to.equal(true);
    });
  }
});
