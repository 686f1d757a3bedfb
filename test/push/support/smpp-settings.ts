import type { z } from 'zod';

import { smppCarrierSection } from '../../../lib/config/push-smpp.ts';
import { filePath } from '../../../lib/config/values.ts';
import { smppOptionsOf } from '../../../lib/push/smpp/smpp-options.ts';
import { SmppCarrier, type SmppCarrierOptions, type SmppCarrierSettings } from '../../../push/index.ts';

/** A carrier with the defaults of the configuration, quick to come back. */
export async function smppCarrier(
  port: number,
  settings: Partial<SmppCarrierSettings> = {},
  options: Partial<SmppCarrierOptions> = {},
  keys: Readonly<Record<string, unknown>> = {},
): Promise<SmppCarrier> {
  const section = smppCarrierSection(filePath('/'));
  const config: z.infer<typeof section> = section.parse({
    ...{ type: 'smpp', host: '127.0.0.1', port, systemId: 'osgate', password: { environment: 'SMPP' } },
    ...keys,
  });
  const read = await smppOptionsOf(config, { SMPP: 'secret' });
  return new SmppCarrier({
    ...read,
    settings: { ...read.settings, initialReconnectMilliseconds: 20, maximumReconnectMilliseconds: 100, ...settings },
    addressOf: ({ value }) => (value.startsWith('tel:') ? value : undefined),
    uplink: () => undefined,
    ...options,
  });
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
