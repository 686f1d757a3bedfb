import { Command } from 'commander';

import { loadConfig, requireSection } from '../config/index.ts';
import { startKeyCentre } from '../key-centre/index.ts';
import { createLogger, runUntilSignal } from '../ops/index.ts';

/** `osgate kmc`: runs a Key Management Centre until SIGTERM or SIGINT. */
export function kmcCommand(): Command {
  return new Command('kmc')
    .description('run the key centre (KMC, a GBA BSF): Ub for agents, Nbsp_GBA for gateways')
    .requiredOption('-c, --config <file>', 'configuration file (YAML) with a kmc section')
    .addHelpText(
      'after',
      `
SIGTERM and SIGINT let open requests finish within kmc.shutdownGraceMilliseconds; the exit status is then 0. A second
signal ends at once with status 1.

Example:
  osgate kmc -c osgate.yaml
`,
    )
    .action(async (options: { config: string }) => {
      const config = await loadConfig(options.config);
      const { shutdownGraceMilliseconds: graceMilliseconds } = requireSection(config, 'kmc');
      const logger = createLogger(config.log, 'kmc');
      await runUntilSignal({ logger, graceMilliseconds, start: () => startKeyCentre(config, logger) });
    });
}
