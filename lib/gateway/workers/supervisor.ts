import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { DTLS_VIA_TRANSPORT } from '../../../sip/index.ts';
import { requireSection, type Config, type GatewayConfig, type SipListenerConfig } from '../../config/index.ts';
import {
  Metrics,
  renderMerged,
  type Logger,
  type ReloadOutcome,
  type ReloadReport,
  type Service,
} from '../../ops/index.ts';
import { logListening } from '../log-listening.ts';
import { openOperatorServers } from '../operator-servers.ts';
import { planReload } from '../reload-plan.ts';
import { Reloader } from '../reloader.ts';
import { gatewaySecrets, type GatewaySecrets } from '../secrets.ts';
import type { SupervisorMessage } from './messages.ts';
import { SocketHolder } from './socket-holder.ts';
import { StreamPorts } from './stream-ports.ts';
import { addWorkerMetrics } from './worker-metrics.ts';
import { WorkerAdmin } from './worker-admin.ts';
import { FIRST_INHERITED_DESCRIPTOR } from './worker-process.ts';
import { WorkerProcesses } from './worker-processes.ts';
import { WorkerSlot } from './worker-slot.ts';

/** What a worker may need beyond its grace to end. */
const ENDING_MILLISECONDS = 1000;

/**
 * The process that `osgate gateway` is when there are several workers: it holds their sockets, starts them, starts them
 * again, and speaks for all of them to the operator. No SIP message passes through it.
 */
export class Supervisor implements Service {
  readonly #logger: Logger;
  readonly #holder: SocketHolder;
  readonly #folder: string;
  readonly #secrets: GatewaySecrets;
  readonly #processes: WorkerProcesses;
  readonly #slots: readonly WorkerSlot[];
  readonly #admin: WorkerAdmin;
  readonly #reloader: Reloader;
  readonly #metrics = new Metrics();
  #servers: Service | undefined;
  #config: Config;

  private constructor(
    config: Config,
    logger: Logger,
    parts: {
      holder: SocketHolder;
      folder: string;
      secrets: GatewaySecrets;
      workers: number;
      configPath: string | undefined;
    },
  ) {
    this.#config = config;
    this.#logger = logger;
    this.#holder = parts.holder;
    this.#folder = parts.folder;
    this.#secrets = parts.secrets;
    const { supervision } = requireSection(config, 'gateway');
    this.#processes = new WorkerProcesses({
      descriptors: parts.holder.descriptors.flat(),
      answerMilliseconds: supervision.answerMilliseconds,
      spare: supervision.spareWorker,
    });
    const processes = this.#processes;
    this.#slots = Array.from(
      { length: parts.workers },
      (_, slot) => new WorkerSlot({ slot, supervision, logger, processes, start: () => this.#startMessage(slot) }),
    );
    addWorkerMetrics(this.#metrics, this.#slots);
    this.#reloader = new Reloader({
      path: parts.configPath,
      logger,
      metrics: this.#metrics,
      apply: (next) => this.#apply(next),
    });
    this.#admin = new WorkerAdmin(this.#slots, this.#reloader);
    // The last resort, for an end without `close`: a second signal, or a fault.
    process.once('exit', this.#killAll);
  }

  /** Rejects when one of the workers cannot serve; all of them end then. */
  static async start(
    config: Config,
    logger: Logger,
    { workers, configPath }: { readonly workers: number; readonly configPath: string | undefined },
  ): Promise<Supervisor> {
    const gateway = requireSection(config, 'gateway');
    const secrets = await gatewaySecrets(gateway.secret);
    const streams = new StreamPorts();
    const holder = await holdSockets(listenersOf(gateway), workers, streams);
    // Others must not reach the relay: mkdtemp makes a folder for this user alone.
    const folder = await mkdtemp(join(tmpdir(), 'osgate-workers-'));
    const supervisor = new Supervisor(config, logger, { holder, folder, secrets, workers, configPath });
    try {
      await supervisor.#open();
      return supervisor;
    } catch (error) {
      await supervisor.close();
      throw error;
    } finally {
      streams.release();
    }
  }

  async reload(): Promise<ReloadOutcome> {
    return this.#reloader.reload();
  }

  /**
   * Lets all workers finish, and only when the last one has, end: until then each answers what comes to its sockets, and
   * hands on the responses that the others wait for. The operator can ask until the last one is gone.
   */
  async close(): Promise<void> {
    this.#admin.closing = true;
    const { drainDelayMilliseconds, shutdownGraceMilliseconds } = requireSection(this.#config, 'gateway');
    this.#processes.close();
    // A worker that stands still must not hold up the others for longer than the grace.
    const limit = new AbortController();
    const late = delay(drainDelayMilliseconds + shutdownGraceMilliseconds, undefined, { signal: limit.signal });
    await Promise.race([Promise.all(this.#slots.map((slot) => slot.finish())), late]);
    limit.abort();
    late.catch(() => undefined);
    await Promise.all(this.#slots.map((slot) => slot.end(ENDING_MILLISECONDS)));
    process.off('exit', this.#killAll);
    await this.#servers?.close();
    await this.#holder.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.start()));
    const render = async (): Promise<string> => {
      const parts = await Promise.all(this.#slots.map((slot) => slot.metrics()));
      return renderMerged([...parts, await this.#metrics.toJson()]);
    };
    const metrics = { contentType: this.#metrics.contentType, render };
    this.#servers = await openOperatorServers(this.#config, this.#logger, metrics, this.#admin);
    const listeners = listenersOf(requireSection(this.#config, 'gateway'));
    logListening(
      this.#logger,
      this.#holder.addresses.map((held, index) => ({
        ...held,
        fqdn: listeners[index]?.fqdn ?? '',
        transports: (listeners[index]?.transports ?? []).map(viaTransport),
      })),
    );
  }

  #startMessage(slot: number): Extract<SupervisorMessage, { type: 'start' }> {
    return {
      type: 'start',
      config: this.#config,
      place: {
        slot,
        workers: this.#slots.length,
        secrets: this.#secrets,
        descriptors: this.#inherited(slot),
        relayFolder: this.#folder,
      },
      draining: this.#admin.draining,
      drainedTargets: [...this.#admin.drainedTargets],
    };
  }

  /**
   * Every worker makes the same plan. One that is being started gets the new configuration with its start; one that is
   * too busy to answer in time takes it on when it comes to it, and is told of.
   */
  async #apply(next: Config): Promise<ReloadReport> {
    const plan = planReload(this.#config, next);
    const [first, ...others] = this.#slots.flatMap((slot) => slot.process ?? []);
    // What one worker cannot take on, none can; so nothing has changed anywhere when the first one refuses.
    await first?.ask('apply', next);
    this.#config = plan.config;
    const answers = await Promise.allSettled(others.map((worker) => worker.ask('apply', next)));
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        this.#logger.warn({ event: 'reload-unconfirmed', err: answer.reason as unknown }, 'a worker did not confirm');
      }
    }
    return plan;
  }

  /** Every worker inherits the sockets of all slots, so that any process can take any slot; it reads those of its own. */
  #inherited(slot: number): number[] {
    const own = this.#holder.descriptors[slot] ?? [];
    return own.map((_, index) => FIRST_INHERITED_DESCRIPTOR + slot * own.length + index);
  }

  readonly #killAll = (): void => {
    this.#processes.close();
    for (const slot of this.#slots) slot.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  };
}

/** What needs a UDP socket in each worker: SIP listeners, then datagram listeners. */
function listenersOf({ sec1 }: GatewayConfig): HeldListener[] {
  return [...sec1.sip, ...sec1.datagram.map((listener) => ({ ...listener, transports: ['dtls'] as const }))];
}

type HeldListener = Pick<SipListenerConfig, 'name' | 'host' | 'port' | 'fqdn' | 'transports'>;

/** As the transport is written in Via. */
function viaTransport(transport: SipListenerConfig['transports'][number]): string {
  return transport === 'dtls' ? DTLS_VIA_TRANSPORT : transport.toUpperCase();
}

/** How often a port that is free for TCP may be taken for UDP. */
const PORT_ATTEMPTS = 20;

/** The UDP sockets of all slots; a port that the system chooses is free for TCP too where the listener takes that. */
async function holdSockets(
  listeners: readonly HeldListener[],
  workers: number,
  streams: StreamPorts,
): Promise<SocketHolder> {
  for (let attempt = 1; ; attempt++) {
    try {
      const addresses = await Promise.all(listeners.map((listener) => streams.choose(listener)));
      return await SocketHolder.open(addresses, workers);
    } catch (error) {
      streams.release();
      if (attempt === PORT_ATTEMPTS || listeners.every(({ port }) => port !== 0)) throw error;
    }
  }
}
