import { Command, InvalidArgumentError } from 'commander';

import { loadConfig, requireSection } from '../config/index.ts';
import { createLogger, runUntilSignal, type Logger } from '../ops/index.ts';
import { startAgentProxy, type AgentProxy, type AgentProxyEvents } from '../seca/index.ts';

interface ProxyOptions {
  readonly config: string;
  readonly listen?: { readonly host: string; readonly port: number };
}

/** How long the farewells to the gateway may take. */
const GRACE_MILLISECONDS = 2000;

/** `osgate agent proxy`: carries plain UDP of local programs over DTLS to the gateway, until SIGTERM or SIGINT. */
export function proxyCommand(): Command {
  return new Command('proxy')
    .description('carry the SIP or UDP of local programs over DTLS to the gateway, as the subscriber')
    .requiredOption('-c, --config <file>', 'configuration file (YAML) with an agent section')
    .option('--listen <host:port>', 'the local UDP address, in place of agent.proxy', hostPort)
    .addHelpText(
      'after',
      `
A program that knows neither GBA nor DTLS (a softphone, SIPp, coap-client) sends plain UDP to the local address. Each
local port that sends is a client with an association of its own; the proxy bootstraps when it starts and whenever the
gateway wants it, makes a new association when one ends, and survives NATs by connection ids.

agent.proxy.carry: sip adapts three headers (the transport in the top Via, and its own place in Route and Record-Route)
and answers keepalives; datagrams leaves everything as it is. The gateway knows the client by its association, so the
client needs no password. Its From must be one of the subscriber's public identities.

Everybody who can send to the local address speaks as the subscriber: leave it on loopback.

The log is JSON lines on standard output: listening, associated, association-ended, association-failed, client-refused,
and on SIGTERM or SIGINT proxy-counters.

Examples:
  osgate agent proxy -c agent.yaml --listen 127.0.0.1:5070
  sipp -sf message.xml -i 127.0.0.1 127.0.0.1:5070`,
    )
    .action(async (options: ProxyOptions) => {
      const config = await loadConfig(options.config);
      const agent = requireSection(config, 'agent');
      const logger = createLogger(config.log, 'agent');
      await runUntilSignal({
        logger,
        graceMilliseconds: GRACE_MILLISECONDS,
        start: async () => {
          const { listen } = options;
          const events = logEvents(logger);
          const proxy = await startAgentProxy(agent, listen === undefined ? { events } : { events, listen });
          const { address: host, port } = proxy.local;
          logger.info(
            { event: 'listening', interface: 'agent-proxy', host, port, carry: agent.proxy.carry },
            'listening',
          );
          return { close: async () => close(proxy, logger) };
        },
      });
    });
}

function logEvents(logger: Logger): AgentProxyEvents {
  let refusedUntil = 0;
  return {
    associated: ({ port }, { cipherSuite, hasConnectionId }, isAgain) => {
      logger.info(
        { event: 'associated', client: port, cipherSuite, connectionId: hasConnectionId, isAgain },
        'associated',
      );
    },
    ended: ({ port }, reason) => {
      logger.info({ event: 'association-ended', client: port, reason }, 'the association has ended');
    },
    failed: ({ port }, error, waitMilliseconds) => {
      const { code, message } = error as { code?: unknown; message?: unknown };
      const record = { event: 'association-failed', client: port, code, reason: message, waitMilliseconds };
      logger.warn(record, 'no association came about');
    },
    refused: ({ port }) => {
      // Once a second is enough to be seen; the counter has them all.
      if (performance.now() < refusedUntil) return;
      refusedUntil = performance.now() + 1000;
      logger.warn({ event: 'client-refused', client: port }, 'more clients than agent.proxy.maximumClients');
    },
  };
}

async function close(proxy: AgentProxy, logger: Logger): Promise<void> {
  const counters = { ...proxy.counters, ...proxy.associationCounters() };
  await proxy.close();
  logger.info({ event: 'proxy-counters', ...counters }, 'what the proxy has counted');
}

function hostPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(colon + 1));
  // The proxy names its address in routes, so it must be one that clients can reach.
  if (host === '0.0.0.0' || host === '::') throw new InvalidArgumentError('one address, such as 127.0.0.1:5070');
  if (colon < 1 || !/^\d{1,5}$/.test(text.slice(colon + 1)) || port > 65_535) {
    throw new InvalidArgumentError('not an address and a port such as 127.0.0.1:5070');
  }
  return { host, port };
}
