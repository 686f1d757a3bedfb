import { Command } from 'commander';
import { stringify } from 'yaml';
import { loadConfig, maskSecrets } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { fileProblems } from './check-files.ts';

interface CheckOptions {
  readonly config: string;
  readonly print?: true;
}

/** `osgate check`: says whether a configuration can be used, before it is. */
export function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration: every key, and that every file it names can be used')
    .requiredOption('-c, --config <file>', 'configuration file (YAML)')
    .option('--print', 'print the configuration with every default filled in and secrets masked')
    .addHelpText(
      'after',
      `
Exits with 0 when all is well, with 2 and one line a problem when not.

Examples:
  osgate check -c /etc/osgate/osgate.yaml
  osgate check -c osgate.yaml --print`,
    )
    .action(check);
}

async function check({ config: path, print }: CheckOptions): Promise<void> {
  const config = await loadConfig(path);
  const problems = await fileProblems(config);
  if (problems.length > 0) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', problems.map((problem) => `${path}: ${problem}`).join('\n'));
  }
  process.stdout.write(print ? stringify(maskSecrets(config)) : `${path}: ok\n`);
}
