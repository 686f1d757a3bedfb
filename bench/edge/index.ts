import { setImmediate } from 'node:timers/promises';

import { ScenarioError } from '../../scenarios/support/errors.ts';
import { median, printFigure, progress } from '../support/report.ts';
import { AGENT, answerTo, messageOf, nonceOf } from './agent.ts';
import { MemoryEdge, TARGET, type MemoryTransport } from './memory-edge.ts';

export interface EdgeBenchOptions {
  readonly rounds: number;
  /** Exchanges in a round. */
  readonly exchanges: number;
}

/** Exchanges that are under way at once. */
const BATCH = 100;

/** Datagrams in and out of one kind each for an exchange. */
interface Cost {
  challenge: number;
  request: number;
  response: number;
}

/**
 * The processor time of one exchange (MESSAGE, 407, MESSAGE with a digest, stateful relay, 200) in the edge alone: everything but
 * sockets and kernel, which nothing here can change. Steadier than a load on a machine that others use too.
 */
export async function benchEdge({ rounds, exchanges }: EdgeBenchOptions): Promise<void> {
  const edge = await MemoryEdge.open();
  try {
    await enter(edge);
    const bench = new ExchangeBench(edge);
    await bench.run(exchanges);
    const costs: Cost[] = [];
    for (let round = 1; round <= rounds; round++) {
      const cost = await bench.run(exchanges);
      costs.push(cost);
      const parts = Object.entries(cost).map(([name, value]) => `${name} ${(value as number).toFixed(2)} us`);
      progress(`edge round ${round}: ${sum(cost).toFixed(2)} us an exchange (${parts.join(', ')})`);
    }
    printFigure({ name: 'edge.exchange_us', unit: 'us', osgate: median(costs.map(sum)) });
  } finally {
    await edge.stop();
  }
}

class ExchangeBench {
  readonly #edge: MemoryEdge;
  #next = 0;

  constructor(edge: MemoryEdge) {
    this.#edge = edge;
  }

  /** Microseconds for one exchange, all threads of the process. */
  async run(exchanges: number): Promise<Cost> {
    const cost: Cost = { challenge: 0, request: 0, response: 0 };
    for (let done = 0; done < exchanges; done += BATCH) {
      const { agents, inside } = this.#edge;
      const numbers = Array.from({ length: BATCH }, () => this.#next++);
      const first = numbers.map((number) => messageOf(number));
      const challenges = this.#feed(first, agents, agents, cost, 'challenge');
      const second = numbers.map((number, index) => messageOf(number, nonceOf(challenges[index])));
      const requests = this.#feed(second, agents, inside, cost, 'request');
      const answers = requests.map(answerTo);
      this.#feed(answers, inside, agents, cost, 'response');
      // Timers, and what waits for the next turn.
      await setImmediate();
    }
    return {
      challenge: cost.challenge / exchanges,
      request: cost.request / exchanges,
      response: cost.response / exchanges,
    };
  }

  /** Hands the edge datagrams that come in by one transport, and gives what left by the other. */
  #feed(
    datagrams: readonly Buffer[],
    from: MemoryTransport,
    to: MemoryTransport,
    cost: Cost,
    kind: keyof Cost,
  ): readonly Buffer[] {
    const peer = from === this.#edge.agents ? AGENT : TARGET;
    const sent: Buffer[] = [];
    const before = process.cpuUsage();
    for (const datagram of datagrams) {
      this.#edge.receive(datagram, from, peer);
      const answer = to.take();
      if (answer !== undefined) sent.push(answer);
    }
    const { user, system } = process.cpuUsage(before);
    cost[kind] += user + system;
    if (sent.length !== datagrams.length) throw new ScenarioError(`the edge kept a ${kind} for itself`);
    return sent;
  }
}

/** One exchange by which the flow of the agents becomes known: later ones wait for nothing. */
async function enter(edge: MemoryEdge): Promise<void> {
  const { agents, inside } = edge;
  edge.receive(messageOf(-1), agents, AGENT);
  const challenge = await sent(agents);
  edge.receive(messageOf(-1, nonceOf(challenge)), agents, AGENT);
  edge.receive(answerTo(await sent(inside)), inside, TARGET);
  await sent(agents);
}

async function sent(transport: MemoryTransport): Promise<Buffer> {
  for (let turn = 0; turn < 1000; turn++) {
    const answer = transport.take();
    if (answer !== undefined) return answer;
    await setImmediate();
  }
  throw new ScenarioError('the edge answered nothing');
}

function sum({ challenge, request, response }: Cost): number {
  return challenge + request + response;
}
