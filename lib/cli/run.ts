import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

/**
 * Runs the command line; a failure becomes one line on standard error and the exit code of the process.
 *
 * @param argv as in process.argv
 */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(argv.slice(2));
    await program.parseAsync(argv);
  } catch (error) {
    // Commander has already written what it has to say, and help and version are no failures.
    process.exitCode = error instanceof CommanderError ? error.exitCode : reportError(error);
  }
}
