/** Tells on a terminal what happens in a demo, and keeps what did not. */
export class Narrator {
  readonly #failures: string[] = [];
  readonly #colours = process.stdout.isTTY;

  /** What comes next. */
  step(title: string): void {
    console.log(this.#paint(BOLD, `\n== ${title}`));
  }

  /** Something that must have happened. */
  check(happened: boolean, what: string): void {
    console.log(happened ? this.#paint(GREEN, `   ok: ${what}`) : this.#paint(RED, `   NOT: ${what}`));
    if (!happened) this.#failures.push(what);
  }

  /** Notes what went wrong beside the checks. */
  fail(error: unknown): void {
    this.#failures.push(error instanceof Error ? error.message : String(error));
  }

  readonly dim = (text: string): string => this.#paint(DIM, text);

  /** Says whether all of it happened, also by the exit status. */
  end(): void {
    if (this.#failures.length === 0) {
      console.log(this.#paint(GREEN, '\nall of it happened'));
      return;
    }
    const list = this.#failures.map((failure) => `  ${failure}`).join('\n');
    console.log(this.#paint(RED, `\nnot everything happened:\n${list}`));
    process.exitCode = 1;
  }

  #paint(code: number, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
