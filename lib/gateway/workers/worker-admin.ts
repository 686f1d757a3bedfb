import type {
  AdminSources,
  FlowList,
  FlowStatus,
  Readiness,
  ReloadOutcome,
  Status,
  TargetStatus,
} from '../../ops/index.ts';
import type { Question, Questions } from './messages.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** The admin API of a supervisor: it asks all workers and makes one answer of theirs. */
export class WorkerAdmin implements AdminSources {
  /** What an operator asked for; a worker that is started again is told. */
  draining = false;
  readonly drainedTargets = new Set<string>();
  closing = false;
  readonly #slots: readonly WorkerSlot[];
  readonly #reloader: { reload(): Promise<ReloadOutcome> };

  constructor(slots: readonly WorkerSlot[], reloader: { reload(): Promise<ReloadOutcome> }) {
    this.#slots = slots;
    this.#reloader = reloader;
  }

  /** Ready when all workers are: a flow cannot choose its worker. */
  async readiness(): Promise<Readiness> {
    const answers = (await this.#ask('readiness', undefined)).flatMap(({ answer }) => answer ?? []);
    const all = (check: string): boolean => answers.length > 0 && answers.every(({ checks }) => checks[check] === true);
    const checks = {
      listeners: all('listeners'),
      keyCentre: all('keyCentre'),
      accepting: !this.closing && !this.draining && all('accepting'),
      workers: answers.length === this.#slots.length,
    };
    return { ready: Object.values(checks).every((good) => good), checks };
  }

  async status(): Promise<Status> {
    const answers = await this.#ask('status', undefined);
    const workers = answers.map(({ slot, answer }) => ({
      worker: slot.slot,
      up: slot.up,
      pid: slot.pid ?? null,
      restarts: slot.restarts,
      ...answer,
    }));
    return { draining: this.closing || this.draining, workers };
  }

  async flows(limit: number): Promise<FlowList> {
    const answers = await this.#ask('flows', limit);
    const flows: FlowStatus[] = [];
    let total = 0;
    for (const { slot, answer } of answers) {
      total += answer?.total ?? 0;
      for (const flow of answer?.flows ?? []) if (flows.length < limit) flows.push({ ...flow, worker: slot.slot });
    }
    return { total, flows };
  }

  /** A target is as the worker that thinks worst of it says: each makes up its mind from what it sent itself. */
  async targets(): Promise<readonly TargetStatus[]> {
    const merged = new Map<string, TargetStatus>();
    for (const { answer } of await this.#ask('targets', undefined)) {
      for (const target of answer ?? []) {
        const key = `${target.rule} ${target.uri}`;
        const known = merged.get(key);
        merged.set(key, known === undefined ? target : mergeTargets(known, target));
      }
    }
    return [...merged.values()];
  }

  async drainTarget(uri: string, draining: boolean): Promise<boolean> {
    const answers = await this.#ask('drainTarget', { uri, draining });
    const known = answers.some(({ answer }) => answer === true);
    if (known && draining) this.drainedTargets.add(uri);
    else this.drainedTargets.delete(uri);
    return known;
  }

  async drain(draining: boolean): Promise<void> {
    this.draining = draining;
    await this.#ask('drain', draining);
  }

  async reload(): Promise<ReloadOutcome> {
    return this.#reloader.reload();
  }

  /** One entry a slot; without an answer where the worker is not up or not in time. */
  async #ask<Asked extends Question>(
    question: Asked,
    argument: Questions[Asked]['argument'],
  ): Promise<{ readonly slot: WorkerSlot; readonly answer?: Questions[Asked]['answer'] }[]> {
    return Promise.all(
      this.#slots.map(async (slot) => {
        const worker = slot.process;
        if (worker === undefined) return { slot };
        try {
          return { slot, answer: await worker.ask(question, argument) };
        } catch {
          slot.unanswered++;
          return { slot };
        }
      }),
    );
  }
}

/** The best first. */
const STATES: readonly TargetStatus['state'][] = ['up', 'avoided', 'retry-after', 'down', 'draining'];

function mergeTargets(one: TargetStatus, other: TargetStatus): TargetStatus {
  const outcomes = { ...one.outcomes };
  for (const [name, count] of Object.entries(other.outcomes)) outcomes[name] = (outcomes[name] ?? 0) + count;
  return {
    ...one,
    state: STATES.indexOf(one.state) > STATES.indexOf(other.state) ? one.state : other.state,
    inFlight: one.inFlight + other.inFlight,
    outcomes,
  };
}
