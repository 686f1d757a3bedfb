/**
 * Runs tasks some ahead of whoever waits for them: the peers mostly wait for each other and for timers, so doing several
 * sessions at once keeps the whole short. Each test still has its own result.
 */
export class LookAhead<Task> {
  readonly #tasks: readonly Task[];
  readonly #run: (task: Task) => Promise<void>;
  readonly #atOnce: number;
  readonly #results = new Map<Task, Promise<void>>();

  constructor(tasks: readonly Task[], atOnce: number, run: (task: Task) => Promise<void>) {
    this.#tasks = tasks;
    this.#atOnce = atOnce;
    this.#run = run;
  }

  /** The result of that task; it and those behind it are started if they are not under way. */
  result(task: Task): Promise<void> {
    const at = this.#tasks.indexOf(task);
    for (const next of this.#tasks.slice(at, at + this.#atOnce)) this.#start(next);
    return this.#results.get(task) ?? Promise.reject(new Error('not one of the tasks'));
  }

  /** Waits for what is still under way, as when only some of the tests were asked for. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#results.values());
  }

  #start(task: Task): void {
    if (this.#results.has(task)) return;
    const result = this.#run(task);
    // Whoever asks for the result later sees the failure.
    result.catch(() => undefined);
    this.#results.set(task, result);
  }
}
