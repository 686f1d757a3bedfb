import { readFile } from 'node:fs/promises';

import {
  EmbeddedKeyCentre,
  NbspServer,
  UbHandler,
  UbServer,
  type BootstrappingFunction,
  type UbEvent,
} from '../../kmc/index.ts';
import type { KmcConfig, NbspConfig, UbConfig } from '../config/index.ts';
import type { Logger, Service } from '../ops/index.ts';
import type { KeyCentreCore } from './key-centre-core.ts';

/** Opens what the configuration wants served: Ub for agents, Nbsp_GBA for gateways. */
export async function openServers(
  config: KmcConfig,
  { bootstrapping, push }: Pick<KeyCentreCore, 'bootstrapping' | 'push'>,
  logger: Logger,
): Promise<Service> {
  const servers: Service[] = [];
  try {
    if (config.ub !== undefined) servers.push(await openUb(config.ub, bootstrapping, logger));
    if (config.nbsp !== undefined) servers.push(await openNbsp(config.nbsp, { bootstrapping, push }, logger));
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()));
    throw error;
  }
  return {
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

async function openUb(config: UbConfig, bootstrapping: BootstrappingFunction, logger: Logger): Promise<Service> {
  const onEvent = (event: UbEvent): void => {
    const { outcome, ...facts } = event;
    logger.info(
      { event: outcome === 'refused' ? 'bootstrapping-refused' : outcome, interface: 'ub', ...facts },
      outcome,
    );
  };
  const { host, port, realm, tls } = config;
  const server = await UbServer.listen({
    handler: new UbHandler({ bootstrapping, realm, onEvent }),
    host,
    port,
    ...(tls === undefined
      ? {}
      : { tls: { certificate: await readFile(tls.certificate), privateKey: await readFile(tls.privateKey) } }),
  });
  logger.info({ event: 'listening', interface: 'ub', address: host, port: server.port }, 'listening for Ub');
  return server;
}

async function openNbsp(
  config: NbspConfig,
  functions: Pick<KeyCentreCore, 'bootstrapping' | 'push'>,
  logger: Logger,
): Promise<Service> {
  const { host, port, tls, clients } = config;
  const server = await NbspServer.listen({
    host,
    port,
    tls: {
      certificate: await readFile(tls.certificate),
      privateKey: await readFile(tls.privateKey),
      clientAuthorities: await readFile(tls.clientAuthorities),
    },
    clients: new Map(
      clients.map(({ name, ...rights }) => [name.toLowerCase(), new EmbeddedKeyCentre({ ...functions, rights })]),
    ),
    onRequest: (client, operation, status) => {
      logger.info({ event: operation ?? 'unknown-operation', interface: 'nbsp', client, status }, 'a gateway asked');
    },
  });
  logger.info({ event: 'listening', interface: 'nbsp', address: host, port: server.port }, 'listening for Nbsp_GBA');
  return server;
}
