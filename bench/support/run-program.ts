import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { ScenarioError } from '../../scenarios/support/errors.ts';

/** Runs a program that ends by itself and gives the one line of JSON that it prints; its standard error goes to ours. */
export async function runProgram(path: string, args: readonly (string | number)[]): Promise<Record<string, number>> {
  const child = spawn(path, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new ScenarioError(`${path} ended with ${code}`);
  return JSON.parse(said) as Record<string, number>;
}

/** A program that runs until it is told to stop. */
export class BackgroundProgram {
  readonly #child: ChildProcess;

  constructor(path: string, args: readonly (string | number)[]) {
    this.#child = spawn(path, args.map(String), { stdio: 'ignore' });
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
