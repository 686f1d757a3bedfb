// Mocha's Spec reporter with one closing line that a machine can read: `N passed, N failed` (', N skipped' may follow).
import Mocha from 'mocha';

const { EVENT_RUN_END } = Mocha.Runner.constants;

export default class ClosingLineReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    // Registered after Spec's own listener, so that this line is the last one printed.
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
    });
  }
}
