import { loadConfig, type Config } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { PlainCounter, type Logger, type Metrics, type ReloadOutcome, type ReloadReport } from '../ops/index.ts';

export interface ReloaderOptions {
  /** The configuration file; without one there is nothing to read again. */
  readonly path: string | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Takes a configuration on, wholly or, when it rejects, not at all. */
  readonly apply: (config: Config) => ReloadReport | Promise<ReloadReport>;
}

/** Reads the configuration file again when asked to. What is wrong with it is told, and the old one stays. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #outcomes = new PlainCounter('outcome');
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    options.metrics.samplesOf(
      { name: 'osgate_reloads_total', help: 'Reloads of the configuration, by outcome', labels: ['outcome'] },
      () => this.#outcomes.samples(),
    );
  }

  /** Never rejects. Of requests during a reload one more is made afterwards, which sees what all of them mean. */
  async reload(): Promise<ReloadOutcome> {
    if (this.#running === undefined) {
      this.#running = this.#reload().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined;
      return this.reload();
    });
    return this.#next;
  }

  async #reload(): Promise<ReloadOutcome> {
    const { path, logger, apply } = this.#options;
    try {
      if (path === undefined) throw new OsgateError('OSGATE_CONFIG_UNREADABLE', 'no configuration file to read again');
      const { applied, ignored } = await apply(await loadConfig(path));
      if (ignored.length > 0) logger.warn({ event: 'reload-ignored', keys: ignored }, 'these keys need a restart');
      logger.info({ event: 'reloaded', applied }, 'configuration reloaded');
      this.#outcomes.count('applied');
      return { outcome: 'applied', applied, ignored };
    } catch (error) {
      const problems = (error instanceof Error ? error.message : String(error)).split('\n');
      logger.error({ event: 'reload-refused', path, problems }, 'configuration not reloaded, the old one stays');
      this.#outcomes.count('refused');
      return { outcome: 'refused', problems };
    }
  }
}
