import type { Logger } from '../ops/index.ts';

/** A listener as the log tells of it. */
export interface ListeningFacts {
  readonly name: string;
  readonly fqdn: string;
  readonly address: string;
  readonly port: number;
  readonly transports: readonly string[];
}

/** Says where the gateway listens, once it does. */
export function logListening(logger: Logger, listeners: readonly ListeningFacts[]): void {
  for (const { name, fqdn, address, port, transports } of listeners) {
    logger.info(
      { event: 'listening', listener: name, address, port, transports, fqdn },
      `listening over ${transports.join(' and ')}`,
    );
  }
}
