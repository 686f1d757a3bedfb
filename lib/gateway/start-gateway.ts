import { availableParallelism } from 'node:os';

import { requireSection, type Config, type GatewayConfig } from '../config/index.ts';
import type { Logger, ReloadOutcome, Service } from '../ops/index.ts';
import { SingleProcess } from './single-process.ts';
import { Supervisor } from './workers/supervisor.ts';

export interface StartOptions {
  /** The file that the configuration is from, to be read again by `reload`. */
  readonly configPath?: string;
}

/** A running gateway, whatever processes it is made of. */
export interface GatewayService extends Service {
  /** Reads the configuration file again. Never rejects. */
  reload(): Promise<ReloadOutcome>;
}

/**
 * Starts the gateway that a configuration describes: all in this process, or a supervisor here and `gateway.workers`
 * processes that do the work.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID, OSGATE_WORKERS; SipError OSGATE_SIP_BIND_FAILED; KmcError
 */
export async function startGateway(
  config: Config,
  logger: Logger,
  { configPath }: StartOptions = {},
): Promise<GatewayService> {
  const count = workerCount(requireSection(config, 'gateway').workers);
  if (count === 1) return SingleProcess.start(config, logger, configPath);
  return Supervisor.start(config, logger, { workers: count, configPath });
}

function workerCount(workers: GatewayConfig['workers']): number {
  return workers === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : workers;
}

const MOST_WORKERS = 64;
