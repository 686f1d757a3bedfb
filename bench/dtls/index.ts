import { median, printFigure, progress } from '../support/report.ts';
import { loadEchoes, loadHandshakes, loadIdle, type Cost } from './load.ts';
import {
  Credentials,
  ECDHE_SUITE,
  EchoServer,
  PSK_SUITE,
  SERVER_NAMES,
  type ServerName,
  type Suite,
} from './servers.ts';

export interface DtlsBenchOptions {
  readonly rounds: number;
  /** The name of one of the parts; all where absent. */
  readonly only?: string;
}

/** Handshakes of one round. */
const HANDSHAKES = 2000;
/** Records of one round, and the associations that they go over. */
const RECORDS = 30_000;
const RECORD_OCTETS = 500;
const ASSOCIATIONS = 32;
/** Associations that are held. */
const HELD = 10_000;
/** Before the first round: compilers that work while the program runs have their look. */
const WARM_UP_HANDSHAKES = 5000;

const PARTS: Readonly<Record<string, (options: DtlsBenchOptions, credentials: Credentials) => Promise<void>>> = {
  psk: (options, credentials) =>
    benchCost('psk_handshake', 'handshakes', PSK_SUITE, options, credentials, (server) =>
      loadHandshakes(server, PSK_SUITE, HANDSHAKES),
    ),
  ecdhe: (options, credentials) =>
    benchCost('ecdhe_handshake', 'handshakes', ECDHE_SUITE, options, credentials, (server) =>
      loadHandshakes(server, ECDHE_SUITE, HANDSHAKES),
    ),
  echo: (options, credentials) =>
    benchCost('echo', 'records', PSK_SUITE, options, credentials, (server) =>
      loadEchoes(server, PSK_SUITE, { associations: ASSOCIATIONS, records: RECORDS, octets: RECORD_OCTETS }),
    ),
  idle: benchIdle,
};

/** What `only` may say. */
export const DTLS_PARTS = Object.keys(PARTS);

/** The same load of OpenSSL clients on the echo servers of osgate, OpenSSL and Pion in turn, in alternating rounds. */
export async function benchDtls(options: DtlsBenchOptions): Promise<void> {
  const credentials = await Credentials.make();
  try {
    for (const [name, part] of Object.entries(PARTS)) {
      if (options.only === undefined || options.only === name) await part(options, credentials);
    }
  } finally {
    await credentials.remove();
  }
}

async function benchCost(
  name: string,
  what: string,
  suite: Suite,
  { rounds }: DtlsBenchOptions,
  credentials: Credentials,
  measure: (server: EchoServer) => Promise<Cost>,
): Promise<void> {
  const servers: EchoServer[] = [];
  const costs: Record<ServerName, Cost[]> = { osgate: [], openssl: [], pion: [] };
  try {
    for (const server of SERVER_NAMES) servers.push(await EchoServer.start(server, suite, credentials));
    for (const server of servers) {
      await loadHandshakes(server, suite, WARM_UP_HANDSHAKES);
      await measure(server);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const server of rotated(servers, round)) {
        const cost = await measure(server);
        costs[server.name].push(cost);
        progress(`${name} round ${round} ${server.name}: ${describe(cost, what)}`);
      }
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  printFor(`dtls.${name}.cpu_us`, 'us', (server) => median(costs[server].map((cost) => cost.cpuMicroseconds)));
  printFor(`dtls.${name}.failed`, what, (server) => costs[server].reduce((sum, { failed }) => sum + failed, 0));
}

async function benchIdle(_options: DtlsBenchOptions, credentials: Credentials): Promise<void> {
  const bytes: Record<ServerName, number> = { osgate: 0, openssl: 0, pion: 0 };
  const failed: Record<ServerName, number> = { osgate: 0, openssl: 0, pion: 0 };
  for (const name of SERVER_NAMES) {
    const server = await EchoServer.start(name, PSK_SUITE, credentials);
    try {
      await loadHandshakes(server, PSK_SUITE, WARM_UP_HANDSHAKES);
      const idle = await loadIdle(server, PSK_SUITE, HELD);
      progress(`idle ${name}: ${JSON.stringify(idle)}`);
      bytes[name] = idle.bytesOfEach;
      failed[name] = idle.failed;
    } finally {
      await server.stop();
    }
  }
  printFor('dtls.idle.bytes', 'octets', (server) => bytes[server]);
  printFor('dtls.idle.failed', 'associations', (server) => failed[server]);
}

/** Whoever comes first in one round comes last in the next. */
function rotated(servers: readonly EchoServer[], round: number): readonly EchoServer[] {
  const first = round % servers.length;
  return [...servers.slice(first), ...servers.slice(0, first)];
}

function printFor(name: string, unit: string, value: (server: ServerName) => number): void {
  printFigure({ name, unit, osgate: value('osgate'), peers: { openssl: value('openssl'), pion: value('pion') } });
}

function describe(
  { cpuMicroseconds, systemMicroseconds, perSecond, failed, retransmissions }: Cost,
  what: string,
): string {
  const cpu = `${cpuMicroseconds.toFixed(1)} us CPU (${systemMicroseconds.toFixed(1)} of it in the kernel)`;
  return `${cpu}, ${perSecond.toFixed(0)} ${what}/s, ${failed} failed, ${retransmissions} retransmissions`;
}
