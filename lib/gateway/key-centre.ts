import { readFile } from 'node:fs/promises';

import { NbspClient, type KeyCentre } from '../../kmc/index.ts';
import { requireSection, type Config } from '../config/index.ts';
import { startEmbeddedKeyCentre } from '../key-centre/index.ts';
import type { Logger } from '../ops/index.ts';

/**
 * The `KeyCentre` that `gateway.keyCentre` asks for.
 *
 * @throws KmcError when the subscriber database cannot be opened; OsgateError OSGATE_CONFIG_INVALID
 */
export async function openKeyCentre(config: Config, logger: Logger): Promise<KeyCentre> {
  const settings = requireSection(config, 'gateway').keyCentre;
  switch (settings.type) {
    case 'embedded':
      return startEmbeddedKeyCentre(config, logger);
    case 'nbsp': {
      const { certificate, privateKey, authorities } = settings.tls;
      return new NbspClient({
        url: settings.url,
        certificate: await readFile(certificate),
        privateKey: await readFile(privateKey),
        authorities: await readFile(authorities),
        timeoutMilliseconds: settings.timeoutMilliseconds,
      });
    }
  }
}
