import { canCallOpenssl } from '../../dtls/index.ts';
import { systemCalls } from '../../sip/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import type { Logger } from '../ops/index.ts';

/** Says in the log what is wanted of the package koffi and cannot be had here, so that it is slower than it could be. */
export function reportNativeCalls({ datagrams, dtls, sec1 }: GatewayConfig, logger: Logger): void {
  if (datagrams.batches && systemCalls() === undefined) {
    logger.info({ event: 'no-batches' }, 'datagrams go one by one: this is not Linux, or koffi is not installed');
  }
  const hasDtls = sec1.datagram.length > 0 || sec1.sip.some(({ transports }) => transports.includes('dtls'));
  if (hasDtls && dtls.callsOpenssl && !canCallOpenssl()) {
    logger.info(
      { event: 'records-by-node-crypto' },
      'OpenSSL cannot be called: this is not Linux, koffi is not installed, or OpenSSL is not version 3',
    );
  }
}
