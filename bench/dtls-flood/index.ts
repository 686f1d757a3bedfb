import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { printFigure, progress } from '../support/report.ts';
import { countLost, openAssociations } from './agents.ts';
import { flood } from './flood.ts';
import type { ServerReport } from './server.ts';

export interface DtlsFloodOptions {
  readonly associations: number;
  readonly hellos: number;
  readonly garbage: number;
}

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));

/** Opened and closed before anything is measured: code that runs for the first time is compiled, and takes memory. */
const WARM_UP = { rounds: 5, associations: 200 };

/**
 * Memory of an idle association, then a flood of ClientHellos that nobody stands behind and of garbage: what it does to those
 * that are open, and to the memory of the server.
 */
export async function benchDtlsFlood({ associations: count, hellos, garbage }: DtlsFloodOptions): Promise<void> {
  const child = fork(SERVER, [], { execArgv: ['--expose-gc'] });
  const report = async (): Promise<ServerReport> => {
    const answer = once(child, 'message') as Promise<[ServerReport]>;
    child.send('report');
    return (await answer)[0];
  };
  try {
    await once(child, 'message');
    const { port } = await report();
    for (let round = 0; round < WARM_UP.rounds; round++) {
      const some = await openAssociations(port, WARM_UP.associations);
      await Promise.all(some.map(async (association) => association.close()));
    }
    await flood(port, 5000, 'hello');
    const before = await report();
    const associations = await openAssociations(port, count);
    const open = await report();
    const opened = open.associations - before.associations;
    progress(JSON.stringify({ before, open }));
    printFigure({ name: 'dtls.idle.bytes', unit: 'octets', osgate: (open.resident - before.resident) / opened });
    const heap = open.heap + open.external - before.heap - before.external;
    printFigure({ name: 'dtls.idle.heap_bytes', unit: 'octets', osgate: heap / opened });

    const hello = await flood(port, hellos, 'hello', () => {
      progress('ClientHellos: 10000 more');
    });
    const between = await report();
    const noise = await flood(port, garbage, 'garbage', () => {
      progress('garbage: 10000 more');
    });
    const after = await report();
    const lost = await countLost(associations);
    progress(JSON.stringify({ hello, noise, after }));
    const figures: readonly (readonly [string, string, number])[] = [
      ['associations', 'associations', open.associations],
      ['lost', 'associations', lost],
      ['hellos_sent', 'datagrams', hello.sent],
      ['hellos_received', 'datagrams', received(between) - received(open)],
      ['hellos_answered', 'datagrams', hello.answers],
      ['octets_back_per_octet', 'ratio', hello.octetsReceived / hello.octetsSent],
      ['garbage_sent', 'datagrams', noise.sent],
      ['garbage_answered', 'datagrams', noise.answers],
      ['half_open', 'handshakes', after.halfOpen],
      ['rss_before_mb', 'MB', open.resident / 1e6],
      ['rss_after_mb', 'MB', after.resident / 1e6],
      ['heap_before_mb', 'MB', (open.heap + open.external) / 1e6],
      ['heap_after_mb', 'MB', (after.heap + after.external) / 1e6],
    ];
    for (const [name, unit, osgate] of figures) printFigure({ name: `dtls.flood.${name}`, unit, osgate });
    await Promise.all(associations.map(async (association) => association.close()));
  } finally {
    child.disconnect();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

function received({ counters }: ServerReport): number {
  return counters['datagramsReceived'] ?? 0;
}
