import { Command, InvalidArgumentError } from 'commander';

import type { Reception } from '../../push/index.ts';
import { loadConfig, requireSection, type AgentConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { createLogger, runUntilSignal, type Logger } from '../ops/index.ts';
import {
  CommandApplication,
  printApplication,
  PushListener,
  type PushListenerEvents,
  type PushListenerOptions,
} from '../seca/index.ts';

interface ListenOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly count?: number;
  readonly exec?: string;
}

/** How long programs that run, and the farewell to the gateway, may take. */
const GRACE_MILLISECONDS = 5000;

/** `osgate agent listen`: takes pushes, until SIGTERM or SIGINT. */
export function listenCommand(): Command {
  return new Command('listen')
    .description('take pushes (GBA Push) by SIP and UDP, and print them or hand them to a program')
    .requiredOption('-c, --config <file>', 'configuration file (YAML) with an agent section')
    .option('--json', 'print JSON, one object a line')
    .option('--count <number>', 'end after so many messages', count)
    .option('--exec <program>', 'run a program for each message, in place of agent.push.command')
    .argument('[arguments...]', 'arguments of the program, after --')
    .addHelpText(
      'after',
      `
Registers through the gateway (agent.push.sip), listens for datagrams (agent.push.udp), or both. The card proves each
message; what it does not prove is refused and logged, and nothing of it is shown.

A program gets the content on standard input, and in its environment OSGATE_PUSH_ID, OSGATE_PUSH_CONTENT_TYPE,
OSGATE_PUSH_APPLICATION, OSGATE_PUSH_CLASS, OSGATE_PUSH_GATEWAY and OSGATE_PUSH_DELIVER_BEFORE. Its exit status: 0 it has the message; 75 try
again later, as after agent.push.commandSeconds; others it never wants it. Each message comes once, unless the agent is
killed while the program runs: then it comes again, with the same id.

Messages go to standard output, the log (JSON lines) to standard error.

Examples:
  osgate agent listen -c agent.yaml --json --count 1
  osgate agent listen -c agent.yaml --exec /usr/local/bin/on-push -- --verbose`,
    )
    .action(async (parameters: readonly string[], options: ListenOptions) => {
      const config = await loadConfig(options.config);
      const agent = requireSection(config, 'agent');
      if (!agent.push.sip && agent.push.udp === undefined) {
        throw new OsgateError('OSGATE_CONFIG_INVALID', 'agent.push: neither sip nor udp, so nothing would come');
      }
      const logger = createLogger(config.log, 'agent', {
        write: (line) => void process.stderr.write(line),
      });
      await listen(agent, options, parameters, logger);
    });
}

async function listen(
  agent: AgentConfig,
  options: ListenOptions,
  parameters: readonly string[],
  logger: Logger,
): Promise<void> {
  const command = options.exec === undefined ? agent.push.command : [options.exec, ...parameters];
  const runner = command === undefined ? undefined : createRunner(agent, command, logger);
  const { count: wanted } = options;
  const listenerOptions: PushListenerOptions = {
    application: runner?.application ?? printApplication({ json: options.json === true, write: writeOut }),
    events: logEvents(logger),
    ...(wanted === undefined ? {} : { count: wanted }),
  };
  await runUntilSignal({
    logger,
    graceMilliseconds: GRACE_MILLISECONDS,
    start: async () => {
      const listener = await PushListener.start(agent, listenerOptions);
      const { udp } = listener;
      if (udp !== undefined) {
        logger.info({ event: 'listening', interface: 'push-udp', host: udp.address, port: udp.port }, 'listening');
      }
      return { done: listener.done, close: async () => close(listener, runner, logger) };
    },
  });
}

function createRunner({ push }: AgentConfig, command: readonly string[], logger: Logger): CommandApplication {
  return new CommandApplication({
    command,
    timeoutMilliseconds: push.commandSeconds * 1000,
    concurrency: push.concurrency,
    onTrouble: (id, trouble) => {
      logger.warn({ event: 'command-failed', id, reason: trouble }, 'the program did not take the message');
    },
  });
}

async function close(listener: PushListener, runner: CommandApplication | undefined, logger: Logger): Promise<void> {
  // Programs that run may come to their end, for what they did would be done again.
  const timer = setTimeout(() => runner?.close(), GRACE_MILLISECONDS - 2000);
  await listener.close();
  clearTimeout(timer);
  logger.info({ event: 'push-counters', ...listener.counters }, 'what the agent has counted');
}

function logEvents(logger: Logger): PushListenerEvents {
  const refusals = new Map<string, { until: number; more: number }>();
  return {
    received: (reception, source) => {
      if (reception.outcome !== 'ignored') {
        logger.info({ event: 'push', source, ...reception }, 'a push came');
        return;
      }
      // Anybody can send such: one line a second and reason, with the number of those that had none.
      const { reason } = reception;
      const last = refusals.get(reason) ?? { until: 0, more: 0 };
      const now = performance.now();
      if (now < last.until) {
        last.more++;
        return;
      }
      refusals.set(reason, { until: now + 1000, more: 0 });
      logger.warn({ event: 'push-refused', source, reason, unlogged: last.more }, describe(reception));
    },
    failed: (error) => {
      const { code, message } = error as { code?: unknown; message?: unknown };
      logger.error({ event: 'push-failed', code, reason: message }, 'a push could not be worked on');
    },
    registered: (seconds) => {
      logger.info({ event: 'registered', seconds }, 'registered');
    },
    notRegistered: (reason, waitMilliseconds) => {
      logger.warn({ event: 'not-registered', reason, waitMilliseconds }, 'no registration came about');
    },
    associated: ({ cipherSuite, hasConnectionId }, isAgain) => {
      logger.info({ event: 'associated', cipherSuite, connectionId: hasConnectionId, isAgain }, 'associated');
    },
    ended: (reason) => {
      logger.info({ event: 'association-ended', reason }, 'the way to the gateway has ended');
    },
    associationFailed: (error, waitMilliseconds) => {
      const { code, message } = error as { code?: unknown; message?: unknown };
      logger.warn(
        { event: 'association-failed', code, reason: message, waitMilliseconds },
        'no association came about',
      );
    },
  };
}

function describe({ reason }: Extract<Reception, { outcome: 'ignored' }>): string {
  return `refused: ${WORDS[reason] ?? reason}`;
}

const WORDS: Readonly<Partial<Record<string, string>>> = {
  'duplicate-rand': 'the GPI was here before',
  'mac-failure': 'the GPI does not come from the home network',
  forged: 'the GPI was changed on the way',
  expired: 'the key of the GPI is over',
  'naf-not-accepted': 'a gateway that is not among agent.push.gateways',
  'no-application': 'the card has no such application',
  'no-gba-u': 'keys inside the card are asked for',
  'unknown-association': 'a message under keys that are not there',
  malformed: 'no push package',
};

function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('not a whole number from 1');
  return Number(text);
}
