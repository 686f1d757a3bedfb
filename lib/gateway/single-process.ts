import type { Config } from '../config/index.ts';
import type { AdminSources, Logger, ReloadOutcome, Service } from '../ops/index.ts';
import type { Gateway } from './gateway.ts';
import { logListening } from './log-listening.ts';
import { openGateway } from './open-gateway.ts';
import { openOperatorServers } from './operator-servers.ts';
import { Reloader } from './reloader.ts';

/** A gateway in one process, with what serves its operator. */
export class SingleProcess implements Service {
  readonly gateway: Gateway;
  readonly #reloader: Reloader;
  readonly #servers: Service;

  private constructor(gateway: Gateway, reloader: Reloader, servers: Service) {
    this.gateway = gateway;
    this.#reloader = reloader;
    this.#servers = servers;
  }

  static async start(config: Config, logger: Logger, configPath: string | undefined): Promise<SingleProcess> {
    const gateway = await openGateway(config, logger);
    try {
      const { metrics } = gateway;
      const reloader = new Reloader({ path: configPath, logger, metrics, apply: (next) => gateway.apply(next) });
      const servers = await openOperatorServers(config, logger, metrics, sourcesOf(gateway, reloader));
      logListening(logger, [
        ...gateway.listeners.map(({ name, fqdn, transport: { local }, transports }) => ({
          name,
          fqdn,
          ...local,
          transports: transports.map(({ protocol }) => protocol),
        })),
        ...gateway.datagramListeners,
      ]);
      return new SingleProcess(gateway, reloader, servers);
    } catch (error) {
      await gateway.close();
      throw error;
    }
  }

  async reload(): Promise<ReloadOutcome> {
    return this.#reloader.reload();
  }

  /** The operator can ask until the last transaction is over: readiness turns first. */
  async close(): Promise<void> {
    await this.gateway.close();
    await this.#servers.close();
  }
}

function sourcesOf(gateway: Gateway, reloader: Reloader): AdminSources {
  return {
    readiness: () => gateway.readiness(),
    status: async () => gateway.status(),
    flows: async (limit) => gateway.flows(limit),
    targets: async () => gateway.targets(),
    drainTarget: async (uri, draining) => gateway.drainTarget(uri, draining),
    drain: async (draining) => {
      gateway.drain(draining);
    },
    reload: () => reloader.reload(),
  };
}
