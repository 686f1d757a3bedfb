import { Command, InvalidArgumentError } from 'commander';

import { loadConfig, requireSection, type AgentConfig } from '../config/index.ts';
import { OsgateError } from '../errors.ts';
import { listenCommand } from './agent-listen.ts';
import { proxyCommand } from './agent-proxy.ts';
import {
  createKeyring,
  parsePidfLo,
  startSipAgent,
  type AgentResponse,
  type Location,
  type Notification,
  type SipAgent,
} from '../seca/index.ts';

const EXIT_CODES = `
Exit status:
  0  done
  2  the command line or the configuration is wrong
  3  the key centre refused the agent
  4  the UICC cannot be used, or the network is not the home network (MAC failure)
  5  no answer
  6  the gateway or the target refused the request
  7  no push has left keys (agent.keys: push)`;

interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** `osgate agent`: a Security Agent (SECA) on the command line. */
export function agentCommand(): Command {
  const agent = new Command('agent').description(
    'act as a security agent (SECA): bootstrap, then speak SIP through the gateway',
  );
  agent.addCommand(bootstrapCommand());
  agent.addCommand(subscribeCommand());
  agent.addCommand(messageCommand());
  agent.addCommand(registerCommand());
  agent.addCommand(optionsCommand());
  agent.addCommand(proxyCommand());
  agent.addCommand(listenCommand());
  return agent.addHelpText('after', EXIT_CODES);
}

function bootstrapCommand(): Command {
  return withCommonOptions(new Command('bootstrap').description('run Ub with the key centre and print the B-TID'))
    .option('--show-key', 'print the digest password for the gateway too; it is secret')
    .action(async (options: CommonOptions & { showKey?: boolean }) => {
      const keyring = await createKeyring(await loadAgent(options));
      const { btid, password, expiresAt } = await keyring.credentials(true);
      const expires = new Date(expiresAt).toISOString();
      print(
        options,
        { btid, expires, ...(options.showKey === true ? { password } : {}) },
        `B-TID    ${btid}\nexpires  ${expires}${options.showKey === true ? `\npassword ${password}` : ''}`,
      );
    });
}

function subscribeCommand(): Command {
  return withCommonOptions(
    new Command('subscribe').description('subscribe to where a target is, and print each location'),
  )
    .argument('<target>', 'SIP URI, such as sip:bob@example.com')
    .option('--event <package>', 'event package', 'presence')
    .option('--expires <seconds>', 'how long; 0 asks once', wholeNumber, 3600)
    .option('--count <number>', 'end after so many locations', wholeNumber)
    .addHelpText('after', '\nExample:\n  osgate agent subscribe -c agent.yaml sip:bob@example.com --count 3')
    .action(async (target: string, options: CommonOptions & { event: string; expires: number; count?: number }) => {
      await withAgent(options, async (agent) => {
        await follow(agent, target, options);
      });
    });
}

function messageCommand(): Command {
  return withCommonOptions(new Command('message').description('send a text message (RFC 3428)'))
    .argument('<target>', 'SIP URI')
    .argument('<text>', 'what to say')
    .action(async (target: string, content: string, options: CommonOptions) => {
      await withAgent(options, async (agent) => {
        const body = { content, contentType: 'text/plain' };
        report(options, await agent.request({ method: 'MESSAGE', target, body }));
      });
    });
}

function registerCommand(): Command {
  return withCommonOptions(new Command('register').description('register the public identity'))
    .option('--expires <seconds>', 'how long; 0 takes the registration back', wholeNumber, 3600)
    .action(async (options: CommonOptions & { expires: number }) => {
      await withAgent(options, async (agent) => {
        report(options, await agent.register(options.expires));
      });
    });
}

function optionsCommand(): Command {
  return withCommonOptions(new Command('options').description('ask a target, or the gateway itself, what it can do'))
    .argument('[target]', 'SIP URI; the gateway where absent')
    .action(async (target: string | undefined, options: CommonOptions) => {
      await withAgent(options, async (agent, config) => {
        report(options, await agent.request({ method: 'OPTIONS', target: target ?? config.gateway }));
      });
    });
}

function withCommonOptions(command: Command): Command {
  return command
    .requiredOption('-c, --config <file>', 'configuration file (YAML) with an agent section')
    .option('--json', 'print JSON, one object a line');
}

async function loadAgent(options: CommonOptions): Promise<AgentConfig> {
  return requireSection(await loadConfig(options.config), 'agent');
}

async function withAgent(
  options: CommonOptions,
  use: (agent: SipAgent, config: AgentConfig) => Promise<void>,
): Promise<void> {
  const config = await loadAgent(options);
  const agent = await startSipAgent(config);
  try {
    await use(agent, config);
  } finally {
    await agent.close();
  }
}

/** Prints locations until the subscription ends, the count is reached, or the user interrupts. */
async function follow(
  agent: SipAgent,
  target: string,
  options: CommonOptions & { event: string; expires: number; count?: number },
): Promise<void> {
  let seen = 0;
  const enough = Promise.withResolvers<undefined>();
  const onNotify = (notification: Notification): void => {
    for (const location of parsePidfLo(notification.body)) {
      if (options.count !== undefined && seen >= options.count) return;
      seen++;
      print(options, { ...location }, formatLocation(location));
    }
    if (options.count !== undefined && seen >= options.count) enough.resolve(undefined);
  };
  const { event, expires } = options;
  const subscription = await agent.subscribe({ target, event, expires, accept: 'application/pidf+xml', onNotify });
  const interrupt = (): void => {
    subscription.unsubscribe();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  void enough.promise.then(interrupt);
  try {
    const reason = await subscription.ended;
    if (seen === 0) {
      throw new OsgateError('OSGATE_AGENT_NETWORK', `no location came${reason === undefined ? '' : `: ${reason}`}`);
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** @throws OsgateError OSGATE_AGENT_REFUSED unless the answer is a 2xx */
function report(options: CommonOptions, response: AgentResponse): void {
  const text = `${response.status} ${response.reason}`;
  if (response.status < 200 || response.status > 299) throw new OsgateError('OSGATE_AGENT_REFUSED', `refused: ${text}`);
  print(options, { ...response }, text);
}

function formatLocation(location: Location): string {
  const radius = location.radius === undefined ? '' : ` within ${location.radius} m`;
  const how = location.method === undefined ? '' : ` by ${location.method}`;
  return `${location.timestamp ?? ''} ${location.entity} is at ${location.latitude}, ${location.longitude}${radius}${how}`;
}

function print(options: CommonOptions, record: object, text: string): void {
  console.log(options.json === true ? JSON.stringify(record) : text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('not a whole number');
  return Number(text);
}
