// `node measure.ts CONTESTANT MESSAGE SECONDS`: prints the microseconds of the processor that reading and writing one message
// takes. A process of its own for each, so that no parser works in the heap that another one filled.
import { ScenarioError } from '../../scenarios/support/errors.ts';
import { CONTESTANTS } from './contestants.ts';
import { BENCH_MESSAGES } from './messages.ts';

/** Not measured: the just-in-time compiler has its first look. */
const WARM_UP_SECONDS = 0.5;

const [, , contestant = '', message = '', seconds = ''] = process.argv;
const run = CONTESTANTS[contestant];
const datagram = BENCH_MESSAGES[message];
if (run === undefined || datagram === undefined)
  throw new ScenarioError('usage: measure.ts CONTESTANT MESSAGE SECONDS');
measure(run, datagram, WARM_UP_SECONDS);
console.log(measure(run, datagram, Number(seconds)));

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
