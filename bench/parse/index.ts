import { createRequire } from 'node:module';

import { Core } from 'sip.js';
import { Parser } from 'sip.js/lib/core/messages/parser.js';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { parseMessage } from '../../sip/index.ts';
import { median, printFigure, progress } from '../support/report.ts';
import { INVITE, MESSAGE } from './messages.ts';

export interface ParseBenchOptions {
  readonly rounds: number;
  /** Of measuring, a round, a parser and a message. */
  readonly seconds: number;
}

/** What drachtio-srf makes of a message, and back. */
interface DrachtioParser {
  parseSipMessage(text: string, lazy: boolean): object | undefined;
  stringifySipMessage(message: object): string;
}

const drachtio = createRequire(import.meta.url)('drachtio-srf/lib/sip-parser/parser.js') as DrachtioParser;

const silent = new Core.LoggerFactory();
silent.builtinEnabled = false;
const logger = silent.getLogger('bench');

/** Each reads a datagram and writes it again, as a proxy does; what it gives is how long the message is that it would send. */
const CONTESTANTS: Readonly<Record<string, (datagram: Buffer) => number>> = {
  osgate: (datagram) => {
    const result = parseMessage(datagram);
    return result.ok ? result.message.toBuffer().length : 0;
  },
  // As drachtio-srf reads what its server hands it: values stay text until somebody asks.
  'drachtio-srf': (datagram) => {
    const message = drachtio.parseSipMessage(datagram.toString('latin1'), true);
    return message === undefined ? 0 : Buffer.from(drachtio.stringifySipMessage(message), 'latin1').length;
  },
  // It has no serialiser for a message that came in: reading alone is counted, and the text it keeps goes out again.
  'sip.js': (datagram) => {
    const message = Parser.parseMessage(datagram.toString('latin1'), logger);
    return message === undefined ? 0 : Buffer.from(message.toString(), 'latin1').length;
  },
};

/** Reading and writing one message, ours beside the parsers of drachtio-srf and sip.js, in alternating rounds. */
export function benchParse({ rounds, seconds }: ParseBenchOptions): void {
  compare('parse.message_us', MESSAGE, rounds, seconds);
  compare('parse.invite_us', INVITE, rounds, seconds);
}

function compare(name: string, datagram: Buffer, rounds: number, seconds: number): void {
  const times = new Map<string, number[]>();
  const contestants = Object.entries(CONTESTANTS);
  // Not measured: the just-in-time compiler has its first look.
  for (const [, run] of contestants) measure(run, datagram, 0.5);
  for (let round = 1; round <= rounds; round++) {
    // Whoever comes last in one round comes first in the next.
    for (const [contestant, run] of round % 2 === 1 ? contestants : contestants.toReversed()) {
      const time = measure(run, datagram, seconds);
      times.set(contestant, [...(times.get(contestant) ?? []), time]);
      progress(`${name} round ${round} ${contestant}: ${time.toFixed(2)} us`);
    }
  }
  const medians = Object.fromEntries([...times].map(([contestant, list]) => [contestant, median(list)]));
  const { osgate = Number.NaN, ...peers } = medians;
  printFigure({ name, unit: 'us', osgate, peers });
}

/** Microseconds of the processor for one message. */
function measure(run: (datagram: Buffer) => number, datagram: Buffer, seconds: number): number {
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  const start = process.threadCpuUsage();
  let messages = 0;
  do {
    for (let index = 0; index < 100; index++) {
      if (run(datagram) === 0) throw new ScenarioError('a parser refused the message of the benchmark');
    }
    messages += 100;
  } while (process.hrtime.bigint() < end);
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / messages;
}
