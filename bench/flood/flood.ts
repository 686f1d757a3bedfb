import { setTimeout as delay } from 'node:timers/promises';

import type { BootstrappedGateway } from '../support/bootstrapped-gateway.ts';
import { compiled } from '../support/compile.ts';
import { usageOf } from '../support/process-tree.ts';
import { runProgram } from '../support/run-program.ts';
import { counted, kernelDrops, type Scrape } from '../support/scrape.ts';

export interface FloodOptions {
  readonly datagrams: number;
  /** Datagrams a second; 0 is as many as the sender can. */
  readonly perSecond: number;
  /** Source ports. */
  readonly sockets: number;
  /** Source addresses; each is used with each port. */
  readonly addresses: number;
  /** What is sent, in turn: `g` garbage, `t` truncated SIP, `s` an unauthenticated MESSAGE. */
  readonly kinds: string;
}

/** Where the datagrams of a flood, and those of agents in the same time, went. */
export interface FloodBooks {
  /** What the generator sent. */
  readonly sent: number;
  readonly answers: number;
  readonly kernelDrops: number;
  /** What the gateway received of everybody, and what became of it, by its own counters. */
  readonly received: number;
  readonly inside: number;
  readonly known: number;
  readonly rateLimited: number;
  readonly banned: number;
  readonly queueFull: number;
  readonly queueTooOld: number;
  readonly served: number;
  /** What the engine made of what it was given. */
  readonly requests: number;
  readonly responses: number;
  readonly malformed: number;
  readonly keepAlives: number;
  readonly challenged: number;
  readonly cpuMicroseconds: number;
  readonly seconds: number;
}

/**
 * Sends a flood and keeps the books over it: every number is of this flood alone.
 *
 * @param meanwhile what agents do while the books are open; it begins with the flood
 */
export async function flood(
  gateway: BootstrappedGateway,
  options: FloodOptions,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<FloodBooks> {
  const program = await compiled('flood');
  const { datagrams, perSecond, sockets, addresses, kinds } = options;
  const { pid } = gateway.process;
  const [before, dropsBefore, cpuBefore] = [await gateway.metrics(), await kernelDrops(gateway.port), usageOf(pid)];
  const [sender] = await Promise.all([
    runProgram(program, [gateway.port, datagrams, perSecond, sockets, addresses, kinds]),
    meanwhile(),
  ]);
  await quiet(gateway);
  const [after, dropsAfter, cpuAfter] = [await gateway.metrics(), await kernelDrops(gateway.port), usageOf(pid)];
  const grown = (name: string, label: string, value: string): number =>
    counted(after, name, label, value) - counted(before, name, label, value);
  const admission = (kind: string): number => grown('osgate_admission_total', 'kind', kind);
  const engine = (kind: string): number => grown('osgate_sip_engine_total', 'kind', kind);
  const keepAlive = (kind: string): number => grown('osgate_sip_keepalives_total', 'kind', kind);
  return {
    sent: sender['sent'] ?? 0,
    answers: sender['received'] ?? 0,
    kernelDrops: dropsAfter - dropsBefore,
    received: admission('received'),
    inside: admission('inside'),
    known: admission('known'),
    rateLimited: admission('rate-limited'),
    banned: admission('banned'),
    queueFull: admission('queue-full'),
    queueTooOld: admission('queue-too-old'),
    served: admission('served'),
    requests: engine('requestsIn'),
    responses: engine('responsesIn'),
    malformed: engine('malformed'),
    keepAlives: engine('keepAlives') + keepAlive('stun') + keepAlive('malformedStun') + keepAlive('crlf'),
    challenged: refusedChallenges(after) - refusedChallenges(before),
    cpuMicroseconds: cpuAfter.cpuMicroseconds - cpuBefore.cpuMicroseconds,
    seconds: sender['seconds'] ?? Number.NaN,
  };
}

/**
 * Differences in the books; empty when every datagram is accounted for.
 *
 * @param sentByOthers what agents sent while the books were open
 */
export function missing(books: FloodBooks, sentByOthers: number): string[] {
  const { received, inside, known, rateLimited, banned, queueFull, queueTooOld, served } = books;
  const checks: readonly (readonly [string, number, number])[] = [
    ['sent and received or dropped by the kernel', books.sent + sentByOthers, received - inside + books.kernelDrops],
    ['received and decided', received, inside + known + rateLimited + banned + queueFull + queueTooOld + served],
    [
      'let in and read by the engine',
      inside + known + served,
      books.requests + books.responses + books.malformed + books.keepAlives,
    ],
  ];
  return checks.filter(([, one, other]) => one !== other).map(([what, one, other]) => `${what}: ${one}, ${other}`);
}

/** Waits until nothing is queued any more. */
async function quiet(gateway: BootstrappedGateway): Promise<void> {
  for (let count = 0; count < 100; count++) {
    const metrics = await gateway.metrics();
    if ((metrics.get('osgate_admission_queue_length') ?? 0) === 0) return;
    await delay(50);
  }
}

function refusedChallenges(series: Scrape): number {
  return series.get('osgate_sip_refused_total{reason="no-credentials",status="407"}') ?? 0;
}
