import type { LogRecord } from '../support/node-process.ts';

const COLUMN = 44;

/** The gateway's listeners that face agents. */
const AGENT_LISTENERS: ReadonlySet<unknown> = new Set(['agents', 'agents-dtls']);

/** A message ladder out of the gateway's log: agents on the left, the location server on the right. */
export class Ladder {
  readonly #print: (line: string) => void;
  readonly #dim: (text: string) => string;

  constructor(print: (line: string) => void, dim: (text: string) => string) {
    this.#print = print;
    this.#dim = dim;
  }

  heading(): void {
    this.#print('');
    this.#print(`   ${'agent'.padEnd(COLUMN)}gateway${' '.repeat(COLUMN - 7)}location server`);
  }

  /** Draws a record of the gateway; those that are no message say what the gateway made of it. */
  draw(record: LogRecord): void {
    if (record.event === 'sip') this.#message(record);
    else if (record.event === 'authenticated' && record.scheme !== 'trusted') {
      const algorithm = record.algorithm === undefined ? '' : ` (${text(record.algorithm)})`;
      this.#note(`authenticated by ${text(record.scheme)}${algorithm}: ${text(record.impi)}`);
      this.#note(`asserted: ${String(record.asserted)}`);
    } else if (record.event === 'dtls-opened') {
      this.#note(`DTLS association with port ${String(record.port)}, ${text(record.cipherSuite)}`);
    } else if (record.event === 'refused') {
      this.#note(`${record.reason === 'no-credentials' ? 'challenged' : 'refused'}: ${text(record.reason)}`);
    }
  }

  /** Something that happened between the agent and the gateway. */
  between(what: string): void {
    this.#print(`   |${` ~~~ ${what} `.padEnd(COLUMN - 2, '~')}|${' '.repeat(COLUMN - 2)}|`);
  }

  #message(record: LogRecord): void {
    const line = shorten(text(record.startLine).replace(/ ?SIP\/2\.0 ?/, ''));
    const left = AGENT_LISTENERS.has(record.listener);
    const rightwards = left === (record.direction === 'in');
    const arrow = rightwards
      ? `${`--- ${line} `.padEnd(COLUMN - 3, '-')}>`
      : `<${`-- ${line} `.padEnd(COLUMN - 3, '-')}`;
    const empty = ' '.repeat(COLUMN - 2);
    this.#print(left ? `   |${arrow}|${empty}|` : `   |${empty}|${arrow}|`);
  }

  #note(note: string): void {
    this.#print(this.#dim(`   |${' '.repeat(COLUMN - 2)}|  ${note}`));
  }
}

function shorten(line: string): string {
  return line.length > COLUMN - 10 ? `${line.slice(0, COLUMN - 13)}...` : line;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
