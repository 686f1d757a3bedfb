import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';

import { ClientAssociation } from '../association/client-association.ts';
import { DtlsError } from '../errors.ts';
import type { DatagramTransport } from '../transport/datagram-transport.ts';
import { DgramTransport } from '../transport/dgram-transport.ts';
import type { Peer } from '../transport/peer.ts';
import { ClientEndpoint } from './client-endpoint.ts';
import type { DtlsConnectOptions } from './client-options.ts';
import { clientSettingsOf } from './client-settings.ts';
import type { DtlsAssociation } from './dtls-association.ts';

/** A client has one association: the buffers of a server would only take memory. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Makes an association with a server.
 *
 * @throws DtlsError OSGATE_DTLS_INVALID_ARGUMENT, OSGATE_DTLS_INVALID_CREDENTIALS, OSGATE_DTLS_BIND_FAILED,
 *   OSGATE_DTLS_HANDSHAKE_FAILED, OSGATE_DTLS_HANDSHAKE_TIMEOUT, OSGATE_DTLS_ABORTED
 */
export async function connect(options: DtlsConnectOptions): Promise<DtlsAssociation> {
  const settings = clientSettingsOf(options);
  if (options.signal?.aborted === true) throw new DtlsError('OSGATE_DTLS_ABORTED', 'the caller gave up already');
  const peer: Peer = { address: await addressOf(options.host), port: options.port };
  const endpoint = new ClientEndpoint({
    peer,
    open: async (receive) => (options.transport ?? ((handler) => opened(options, peer, handler)))(receive),
    keyLog: options.keyLog,
    signal: options.signal,
  });
  const { connectionId } = options;
  const length = connectionId === false ? 0 : (connectionId?.length ?? 0);
  return endpoint.connect(new ClientAssociation(endpoint, settings, peer, randomBytes(length)));
}

function opened(
  { local }: DtlsConnectOptions,
  peer: Peer,
  receive: (datagram: Buffer) => void,
): Promise<DatagramTransport> {
  return DgramTransport.open(
    {
      host: local?.address ?? (isIPv6(peer.address) ? '::' : '0.0.0.0'),
      port: local?.port ?? 0,
      connect: peer,
      receiveBufferBytes: BUFFER_BYTES,
      sendBufferBytes: BUFFER_BYTES,
    },
    receive,
  );
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new DtlsError('OSGATE_DTLS_HANDSHAKE_FAILED', `there is no address for ${host}`, { cause });
  }
}
