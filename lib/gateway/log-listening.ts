import type { Logger } from '../ops/index.ts';

/** Says where the gateway listens, once it does. */
export function logListening(
  logger: Logger,
  listeners: readonly {
    readonly name: string;
    readonly fqdn: string;
    readonly address: string;
    readonly port: number;
  }[],
): void {
  for (const { name, fqdn, address, port } of listeners) {
    logger.info({ event: 'listening', listener: name, address, port, fqdn }, 'listening for SIP over UDP');
  }
}
