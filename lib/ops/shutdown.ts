import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger.ts';

/** Something that runs until it is closed. */
export interface Service {
  /** Takes nothing new, lets what is under way finish, and frees everything. */
  close(): Promise<void>;
  /** Reads its configuration again, on SIGHUP. Never rejects. */
  reload?(): Promise<unknown>;
  /** Resolves when the service has done what it was there for: it is closed then as on a signal. */
  readonly done?: Promise<unknown>;
}

export interface RunOptions {
  readonly start: () => Promise<Service>;
  readonly logger: Logger;
  /** How long {@link Service.close} may wait for what is under way. */
  readonly graceMilliseconds: number;
  /** Ends the process; a test may put something else here. */
  readonly exit?: (code: number) => void;
}

/** What closing may take beyond the grace before it counts as stuck. */
const STUCK_AFTER_MILLISECONDS = 2000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs a service until SIGTERM or SIGINT, then closes it and ends the process: code 0 when it closed, 1 when closing
 * failed or got stuck. A second signal ends the process at once with code 1. A signal during the start counts too. SIGHUP
 * makes a service that can do it read its configuration again; to another one, and during the start, it means nothing.
 *
 * @throws what `start` throws; the process goes on then
 */
export async function runUntilSignal(options: RunOptions): Promise<void> {
  const { start, logger, graceMilliseconds, exit = endProcess } = options;
  const first = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals === 1) first.resolve(signal);
    if (signals === 2) {
      logger.warn({ signal }, 'second signal, ending at once');
      exit(1);
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  let service: Service | undefined;
  const onHangUp = (): void => {
    void service?.reload?.();
  };
  process.on('SIGHUP', onHangUp);
  try {
    service = await start();
    const done = service.done?.then(() => 'done' as const);
    const signal = await Promise.race(done === undefined ? [first.promise] : [first.promise, done]);
    logger.info({ signal, graceMilliseconds }, 'stopping');
    const code = await close(service, logger, graceMilliseconds + STUCK_AFTER_MILLISECONDS);
    if (signals < 2) exit(code);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('SIGHUP', onHangUp);
  }
}

function endProcess(code: number): void {
  process.exit(code);
}

async function close(service: Service, logger: Logger, limitMilliseconds: number): Promise<number> {
  const limit = new AbortController();
  const stuck = delay(limitMilliseconds, 'stuck' as const, { signal: limit.signal });
  // The timer is aborted when closing ends first; nobody waits for it then.
  stuck.catch(() => undefined);
  try {
    const outcome = await Promise.race([service.close().then(() => 'closed' as const), stuck]);
    if (outcome === 'stuck') {
      logger.error({ limitMilliseconds }, 'closing is stuck, ending anyway');
      return 1;
    }
    logger.info('stopped');
    return 0;
  } catch (error) {
    logger.error({ err: error }, 'closing failed');
    return 1;
  } finally {
    limit.abort();
  }
}
