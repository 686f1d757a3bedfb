import { Command } from 'commander';

import { programVersion } from '../version.ts';

/** The commands, each loaded only when it is asked for: the agent should not wait for an HTTP server to load. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  gateway: async () => (await import('./gateway.ts')).gatewayCommand(),
  kmc: async () => (await import('./kmc.ts')).kmcCommand(),
  agent: async () => (await import('./agent.ts')).agentCommand(),
  push: async () => (await import('./push.ts')).pushCommand(),
  subscriber: async () => (await import('./subscriber.ts')).subscriberCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
};

/**
 * The program `osgate`, with the command that the arguments ask for, or with all of them when they ask for none (help).
 * Its parser throws CommanderError rather than end the process.
 *
 * @param args the command line after the program's name
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('osgate')
    .description('OMA Security Gateway, Key Management Centre and Security Agent: a security edge for SIP and UDP')
    .version(programVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText(
      'after',
      `
Examples:
  osgate check -c osgate.yaml            check a configuration before it is used
  osgate kmc -c osgate.yaml              run the key centre
  osgate gateway -c osgate.yaml          run the gateway
  osgate agent bootstrap -c agent.yaml   get keys from the key centre

Every command has its own --help.`,
    )
    .showHelpAfterError('(osgate --help shows what there is)')
    .exitOverride();

  const asked = COMMANDS[args[0] ?? ''];
  const loaders = asked === undefined ? Object.values(COMMANDS) : [asked];
  for (const command of await Promise.all(loaders.map(async (load) => load()))) {
    program.addCommand(throwRatherThanExit(command));
  }
  return program;
}

/** Commands built elsewhere do not inherit how the program ends. */
function throwRatherThanExit(command: Command): Command {
  command.exitOverride();
  for (const inner of command.commands) throwRatherThanExit(inner);
  return command;
}
