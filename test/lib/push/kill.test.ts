import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import type { NodeProcess } from '../../../scenarios/support/node-process.ts';
import { seededRandom } from '../../support/memory-network.ts';
import { KillWorld } from './support/kill-world.ts';

const KILLS = Number(process.env['OSGATE_KILLS'] ?? 100);
const PUSHES = KILLS * 20;
const SEED = Number(process.env['OSGATE_KILL_SEED'] ?? 20261124);
const AGENTS = 4;

/** Requests of the initiator at once. */
const CLIENTS = 8;

/** Of every so many pushes one goes to a subscriber who is not there, and one lives for a short time only. */
const ABSENT_EVERY = 50;
const SHORT_EVERY = 25;
const SHORT_MILLISECONDS = 8000;
const LONG_MILLISECONDS = 3_600_000;

const ENDED: readonly unknown[] = ['delivered', 'expired', 'cancelled', 'replaced', 'undeliverable'];

/** Hands in pushes, as many as it is allowed at a time, each again under its id until it has an answer. */
class Initiator {
  readonly accepted: string[] = [];
  /** Handed in again since there was no answer; and of those the ones that had been accepted the first time. */
  readonly counters = { resent: 0, duplicates: 0 };
  readonly #world: KillWorld;
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #next = 0;
  #allowed = 0;
  #release: (() => void)[] = [];

  constructor(world: KillWorld) {
    this.#world = world;
  }

  /** Lets it go on until so many were handed in. */
  allow(count: number): void {
    this.#allowed = Math.max(this.#allowed, count);
    for (const release of this.#release.splice(0)) release();
  }

  /** Resolves once so many were accepted. */
  async reached(count: number): Promise<void> {
    if (this.accepted.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async run(): Promise<void> {
    while (this.#next < PUSHES) {
      if (this.#next >= this.#allowed) {
        await new Promise<void>((resolve) => this.#release.push(resolve));
        continue;
      }
      await this.#handIn(this.#next++);
    }
    this.allow(PUSHES);
  }

  async #handIn(number: number): Promise<void> {
    const id = `push-${number}`;
    const { recipients } = this.#world;
    const recipient = recipients[number % ABSENT_EVERY === 7 ? AGENTS : number % AGENTS] ?? expect.fail('no recipient');
    const lifetime = number % SHORT_EVERY === 7 ? SHORT_MILLISECONDS : LONG_MILLISECONDS;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#world.push(id, recipient, lifetime);
      if (answer?.status === 202 || (answer?.status === 409 && attempt > 0)) {
        if (answer.status === 409) {
          expect(answer.body['code']).to.equal('duplicate');
          this.counters.duplicates++;
        }
        break;
      }
      expect(answer?.status ?? 503, JSON.stringify(answer)).to.equal(503);
      if (attempt === 0) this.counters.resent++;
      await delay(20);
    }
    this.accepted.push(id);
    for (const waiting of this.#waiting.filter(({ count }) => count <= this.accepted.length)) waiting.resolve();
  }
}

async function listening(gateway: NodeProcess): Promise<void> {
  await gateway.waitFor('listening for initiators', (record) => record['interface'] === 'initiators');
}

describe('pushes through a gateway under kill -9', function () {
  // Three minutes on two cores that are free.
  this.timeout(KILLS * 9000 + 60_000);
  let opened: KillWorld | undefined;
  let gateway: NodeProcess | undefined;

  before(async () => {
    opened = await KillWorld.open(AGENTS);
  });

  after(async () => {
    await gateway?.stop();
    await opened?.close();
  });

  it(`each of ${PUSHES} that were accepted comes to its application exactly once or expires, ${KILLS} kills, seed ${SEED}`, async () => {
    const world = opened ?? expect.fail('nothing is open');
    const random = seededRandom(SEED);
    const initiator = new Initiator(world);
    const begun = performance.now();
    // The first life ends by itself, and leaves behind what was compiled.
    gateway = world.startGateway();
    await listening(gateway);
    const startMilliseconds = performance.now() - begun;
    await gateway.stop();
    const clients = Array.from({ length: CLIENTS }, () => initiator.run());
    const moments = { starting: 0, accepting: 0, delivering: 0 };
    const kinds = ['starting', 'accepting', 'delivering', 'delivering'] as const;
    for (let life = 1; life <= KILLS; life++) {
      const moment = kinds[Math.floor(random() * kinds.length)] ?? 'delivering';
      const chance = random();
      moments[moment]++;
      gateway = world.startGateway();
      if (moment === 'starting') await delay(chance * startMilliseconds);
      else {
        await listening(gateway);
        initiator.allow(life * 20);
        const missing = life * 20 - initiator.accepted.length;
        const wanted = moment === 'accepting' ? Math.ceil(chance * missing) : missing;
        await initiator.reached(initiator.accepted.length + wanted);
        if (moment === 'delivering') await delay(chance * 300);
      }
      gateway.kill('SIGKILL');
      await gateway.exited();
    }
    const acceptedUnderFire = initiator.accepted.length;
    initiator.allow(PUSHES);
    gateway = world.startGateway();
    await Promise.all(clients);
    const states = await endsOf(world, initiator.accepted);
    const application = await world.applicationHas();
    const counted = await world.stopAgents();
    const seconds = (performance.now() - begun) / 1000;

    const inState = (state: string): string[] => initiator.accepted.filter((id) => states.get(id) === state);
    const [delivered, expired] = [inState('delivered'), inState('expired')];
    const twice = [...application.values()].filter((times) => times > 1).length;
    process.stdout.write(
      `      accepted ${initiator.accepted.length} (${acceptedUnderFire} before the last kill; ${initiator.counters.resent} handed in again, ` +
        `of which ${initiator.counters.duplicates} had been accepted), delivered ${delivered.length}, ` +
        `expired ${expired.length}, kills ${KILLS} (${JSON.stringify(moments)})\n`,
    );
    process.stdout.write(
      `      at the applications ${application.size}, of those twice ${twice}; at the agents: duplicates suppressed ` +
        `${counted('duplicates')}, copies ${counted('copies')}, SQN failures ${counted('synchronisationFailures')}; ${seconds.toFixed(0)} s\n`,
    );
    expect(new Set(initiator.accepted).size).to.equal(PUSHES);
    expect(delivered.length + expired.length, 'ended otherwise').to.equal(PUSHES);
    expect(twice, 'given to an application twice').to.equal(0);
    expect(
      delivered.filter((id) => application.get(id) !== 1),
      'reported delivered, and lost',
    ).to.deep.equal([]);
    const absent = initiator.accepted.filter((id) => Number(id.slice(5)) % ABSENT_EVERY === 7);
    expect(
      absent.filter((id) => states.get(id) !== 'expired'),
      'delivered to nobody',
    ).to.deep.equal([]);
    const long = initiator.accepted.filter((id) => Number(id.slice(5)) % SHORT_EVERY !== 7);
    expect(
      long.filter((id) => states.get(id) !== 'delivered'),
      'lost, with time enough',
    ).to.deep.equal([]);
    expect(
      [...application.keys()].filter((id) => !states.has(id)),
      'never handed in',
    ).to.deep.equal([]);
    for (const file of ['queue.sqlite', 'associations.sqlite', 'subscribers.db']) {
      const database = new DatabaseSync(join(world.folder, file));
      expect(database.prepare('PRAGMA integrity_check').get(), file).to.deep.include({ integrity_check: 'ok' });
      database.close();
    }
  });
});

/** The state that each push has ended in. */
async function endsOf(world: KillWorld, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const states = new Map<string, unknown>();
  const end = Date.now() + 120_000;
  let open = [...ids];
  while (open.length > 0) {
    const rest: string[] = [];
    for (const id of open) {
      const answer = await world.status(id);
      const state = answer?.body['state'];
      if (ENDED.includes(state)) states.set(id, state);
      else rest.push(id);
    }
    open = rest;
    if (Date.now() > end) expect.fail(`${open.length} pushes have no end, such as ${open[0] ?? ''}`);
    await delay(100);
  }
  return states;
}
