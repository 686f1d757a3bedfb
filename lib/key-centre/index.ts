import { EmbeddedKeyCentre, type KeyCentre } from '../../kmc/index.ts';
import { pushFqdn, requireSection, type Config } from '../config/index.ts';
import type { Logger, Service } from '../ops/index.ts';
import { KeyCentreCore } from './key-centre-core.ts';
import { openServers } from './key-centre-servers.ts';

/** Starts the key centre of the `kmc` section: the whole of `osgate kmc`. */
export async function startKeyCentre(config: Config, logger: Logger): Promise<Service> {
  const { service } = await start(config, logger);
  return service;
}

/**
 * Starts the key centre of the `kmc` section in the gateway's own process. The gateway may ask for the FQDNs of its own
 * listeners and of its pushes, and the GSIDs of its authenticators. Closing it closes the key centre.
 */
export async function startEmbeddedKeyCentre(config: Config, logger: Logger): Promise<KeyCentre> {
  const { core, service } = await start(config, logger);
  const gateway = requireSection(config, 'gateway');
  const listeners = gateway.sec1.sip;
  const authenticators = [...listeners, ...gateway.sec1.datagram].flatMap((listener) => [...listener.authenticators]);
  const gsids = authenticators.flatMap((authenticator) => ('gsids' in authenticator ? authenticator.gsids : []));
  const keyCentre = new EmbeddedKeyCentre({
    bootstrapping: core.bootstrapping,
    push: core.push,
    rights: {
      fqdns: [...listeners.map(({ fqdn }) => fqdn), pushFqdn(gateway)],
      gsids,
      revealImpi: true,
      push: true,
    },
  });
  return {
    bootstrappingInfo: (request) => keyCentre.bootstrappingInfo(request),
    pushInfo: (request) => keyCentre.pushInfo(request),
    close: () => service.close(),
  };
}

async function start(config: Config, logger: Logger): Promise<{ core: KeyCentreCore; service: Service }> {
  const settings = requireSection(config, 'kmc');
  const core = await KeyCentreCore.open(settings);
  try {
    const servers = await openServers(settings, core, logger);
    const service: Service = {
      async close() {
        await servers.close();
        await core.close();
      },
    };
    return { core, service };
  } catch (error) {
    await core.close();
    throw error;
  }
}
