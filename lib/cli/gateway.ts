import { Command } from 'commander';

import { loadConfig } from '../config/index.ts';
import { startGateway } from '../gateway/index.ts';
import { createLogger, runUntilSignal } from '../ops/index.ts';

/** `osgate gateway`: runs an OMA Security Gateway until SIGTERM or SIGINT. */
export function gatewayCommand(): Command {
  return new Command('gateway')
    .description('run the security gateway (OSG): SEC-1 listeners in front of SEC-3 targets')
    .requiredOption('-c, --config <file>', 'configuration file (YAML)')
    .addHelpText(
      'after',
      `
With gateway.workers above 1 this process is a supervisor: it starts that many worker processes, which share the
listeners' addresses, starts one again that dies, and answers for all of them (metrics, admin API). It stays in the
foreground and writes no pid file, as systemd wants it.

Signals, to this process only:
  SIGTERM, SIGINT  drain: GET /ready answers 503, after gateway.drainDelayMilliseconds new sessions are answered 503,
                   transactions in progress are finished within gateway.shutdownGraceMilliseconds, and the exit status
                   is 0. A second signal ends at once with status 1.
  SIGHUP           read the configuration again. When it is wrong, the old one stays and the log says why. Keys that
                   need a restart are named in a warning. No socket is closed and no transaction is lost.

Example:
  osgate gateway -c osgate.yaml
`,
    )
    .action(async (options: { config: string }) => {
      const config = await loadConfig(options.config);
      const logger = createLogger(config.log, 'gateway');
      const { drainDelayMilliseconds = 0, shutdownGraceMilliseconds = 0 } = config.gateway ?? {};
      await runUntilSignal({
        logger,
        graceMilliseconds: drainDelayMilliseconds + shutdownGraceMilliseconds,
        start: () => startGateway(config, logger, { configPath: options.config }),
      });
    });
}
