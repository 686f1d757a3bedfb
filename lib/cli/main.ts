#!/usr/bin/env node
import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

try {
  const program = await createProgram(process.argv.slice(2));
  await program.parseAsync(process.argv);
} catch (error) {
  // Commander has already written what it has to say, and help and version are no failures.
  process.exitCode = error instanceof CommanderError ? error.exitCode : reportError(error);
}
