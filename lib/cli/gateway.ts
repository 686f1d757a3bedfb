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
SIGTERM and SIGINT drain: new sessions are answered 503, transactions in progress are finished within
gateway.shutdownGraceMilliseconds, and the exit status is 0. A second signal ends at once with status 1.

Example:
  osgate gateway -c osgate.yaml
`,
    )
    .action(async (options: { config: string }) => {
      const config = await loadConfig(options.config);
      const logger = createLogger(config.log, 'gateway');
      await runUntilSignal({
        logger,
        graceMilliseconds: config.gateway?.shutdownGraceMilliseconds ?? 0,
        start: () => startGateway(config, logger),
      });
    });
}
