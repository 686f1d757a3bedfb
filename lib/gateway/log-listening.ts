import type { Logger } from '../ops/index.ts';

/** Says where the gateway listens, once it does. */
export function logListening(
  logger: Logger,
  listeners: readonly {
    readonly name: string;
    readonly fqdn: string;
    readonly address: string;
    readonly port: number;
    readonly transports: readonly string[];
  }[],
): void {
  for (const { name, fqdn, address, port, transports } of listeners) {
    logger.info(
      { event: 'listening', listener: name, address, port, transports, fqdn },
      `listening for SIP over ${transports.join(' and ')}`,
    );
  }
}
