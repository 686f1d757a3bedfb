import type { PeerProcess } from './child.ts';
import type { PeerClient, SessionFacts } from './peer.ts';

/** Lines of the application, which stand between what some programs say of themselves. */
const OURS = /^line \S.*$/gm;

/** What a program wrote of the application's lines, those that are whole. */
export function applicationLines(output: string): readonly string[] {
  return output.slice(0, output.lastIndexOf('\n') + 1).match(OURS) ?? [];
}

/** A client that is a program: lines go to its standard input, and its end says how the session ended. */
export class ProcessClient implements PeerClient {
  readonly facts: SessionFacts;
  readonly #child: PeerProcess;
  readonly #linesOf: (output: string) => readonly string[];
  readonly #endedWell: (output: string) => boolean;

  /** @param endedWell what its output must have besides the exit code 0 */
  constructor(
    child: PeerProcess,
    facts: SessionFacts,
    {
      linesOf = applicationLines,
      endedWell = () => true,
    }: { linesOf?: (output: string) => readonly string[]; endedWell?: (output: string) => boolean } = {},
  ) {
    this.#child = child;
    this.facts = facts;
    this.#linesOf = linesOf;
    this.#endedWell = endedWell;
  }

  get received(): readonly string[] {
    return this.#linesOf(this.#child.output);
  }

  get output(): string {
    return this.#child.output;
  }

  send(line: string): void {
    this.#child.write(`${line}\n`);
  }

  async close(): Promise<boolean> {
    this.#child.endInput();
    return (await this.#child.exited()) === 0 && this.#endedWell(this.#child.output);
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}
