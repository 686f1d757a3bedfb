// The program of a worker process. A supervisor starts it (worker-process.ts); started by hand it ends at once.
import { OsgateError } from '../../errors.ts';
import { createLogger } from '../../ops/index.ts';
import type { Gateway } from '../gateway.ts';
import { openGateway } from '../open-gateway.ts';
import type { SupervisorMessage, WorkerMessage } from './messages.ts';

if (process.send === undefined) process.exit(1);

let gateway: Gateway | undefined;

process.on('message', (message: SupervisorMessage) => {
  receive(message).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    tell({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect();
  });
});

// Without its supervisor a worker would share the addresses with those of the next one, and take their datagrams.
process.on('disconnect', () => {
  process.exit();
});

// A terminal and systemd send these to the whole group; only the supervisor decides when a worker stops.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

async function receive(message: SupervisorMessage): Promise<void> {
  switch (message.type) {
    case 'start': {
      const { config, place, draining, drainedTargets } = message;
      const logger = createLogger(config.log, 'gateway').child({ worker: place.slot });
      gateway = await openGateway(config, logger, place);
      if (draining) gateway.drain(true);
      for (const uri of drainedTargets) gateway.drainTarget(uri, true);
      tell({ type: 'ready' });
      return;
    }
    case 'finish':
      await gateway?.finish();
      tell({ type: 'finished' });
      return;
    case 'end':
      await gateway?.close();
      process.disconnect();
      return;
    case 'ask':
      await answer(message);
  }
}

async function answer({ id, question, argument }: Extract<SupervisorMessage, { type: 'ask' }>): Promise<void> {
  try {
    tell({ type: 'answer', id, answer: await reply(question, argument) });
  } catch (error) {
    tell({ type: 'refusal', id, message: error instanceof Error ? error.message : String(error) });
  }
}

/** The supervisor is our own program: its arguments are of the type that Questions says. */
async function reply(question: string, argument: unknown): Promise<unknown> {
  if (gateway === undefined) throw new OsgateError('OSGATE_WORKERS', 'not started');
  switch (question) {
    case 'metrics':
      return gateway.metrics.toJson();
    case 'readiness':
      return gateway.readiness();
    case 'status':
      return gateway.status();
    case 'flows':
      return gateway.flows(argument as number);
    case 'targets':
      return gateway.targets();
    case 'drainTarget': {
      const { uri, draining } = argument as { uri: string; draining: boolean };
      return gateway.drainTarget(uri, draining);
    }
    case 'drain':
      gateway.drain(argument as boolean);
      return undefined;
    case 'apply':
      return gateway.apply(argument as Parameters<Gateway['apply']>[0]);
    default:
      throw new OsgateError('OSGATE_WORKERS', `unknown question ${question}`);
  }
}

function tell(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}
