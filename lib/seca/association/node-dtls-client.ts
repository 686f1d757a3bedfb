import { isIPv6 } from 'node:net';

import { dtls } from 'node-dtls-client';

import type { Peer } from '../../../sip/index.ts';
import { OsgateError } from '../../errors.ts';
import type { ChannelEnd, OpenChannel } from './secure-channel.ts';

export interface NodeDtlsClientOptions {
  readonly gateway: Peer;
  /** Where to send from; 0 lets the system choose. */
  readonly localPort: number;
  /** The IANA name of the one suite that is offered: with several, the key would have to be known before the suite. */
  readonly cipherSuite: string;
  /** Its IANA number. */
  readonly cipherSuiteCode: number;
  /** What the hint is taken to be: this client does not tell. */
  readonly assumedHint: string;
  readonly timeoutMilliseconds: number;
}

/** The longest that a timer can wait. */
const LONGEST_TIMER_MILLISECONDS = 0x7fff_ffff;

/**
 * Associations by node-dtls-client, an independent implementation. It has plain PSK suites only and no connection ids, tells
 * nothing of the hint, does not retransmit, and ends the process at some malformed datagrams.
 */
export function nodeDtlsClient(options: NodeDtlsClientOptions): OpenChannel {
  return async ({ events, signal, psk }) => {
    const { identity, key, expiresAt = Infinity } = await psk(options.assumedHint, options.cipherSuiteCode);
    signal.throwIfAborted();
    const socket = await handshake(options, identity, key, signal);
    let isOver = false;
    const end = (reason: ChannelEnd): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(expiry);
      events.onEnd(reason);
    };
    const close = async (): Promise<void> => {
      isOver = true;
      clearTimeout(expiry);
      await closeSocket(socket);
    };
    const expiry = setTimeout(
      () => {
        void closeSocket(socket);
        end('key-expired');
      },
      Math.min(Math.max(expiresAt - Date.now(), 0), LONGEST_TIMER_MILLISECONDS),
    );
    socket.on('message', (datagram: Buffer) => {
      if (!isOver) events.onMessage(datagram);
    });
    socket.removeAllListeners('error').on('error', () => {
      end('failed');
    });
    socket.on('close', () => {
      end('closed-by-peer');
    });
    return {
      local: undefined,
      cipherSuite: options.cipherSuite,
      hasConnectionId: false,
      send: (datagram) => {
        if (isOver) return false;
        socket.send(datagram);
        return true;
      },
      close,
    };
  };
}

async function handshake(
  options: NodeDtlsClientOptions,
  identity: string,
  key: Buffer,
  signal: AbortSignal,
): Promise<dtls.Socket> {
  const { gateway, localPort, cipherSuite, timeoutMilliseconds } = options;
  const socket = dtls.createSocket({
    type: isIPv6(gateway.address) ? 'udp6' : 'udp4',
    address: gateway.address,
    port: gateway.port,
    psk: { [identity]: key },
    // The configuration lets only names pass that this client has.
    ciphers: [cipherSuite as NonNullable<dtls.Options['ciphers']>[number]],
    timeout: timeoutMilliseconds,
    ...(localPort === 0 ? {} : { listenPort: localPort }),
  });
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      void closeSocket(socket);
      reject(new OsgateError('OSGATE_AGENT_NETWORK', 'the attempt was given up'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      const isNetwork = error.message.includes('timed out');
      const code = isNetwork ? 'OSGATE_AGENT_NETWORK' : 'OSGATE_AGENT_REFUSED';
      reject(new OsgateError(code, `no association: ${error.message}`, { cause: error }));
    });
    socket.on('connected', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

/** Says close_notify; a socket that has been closed from inside, or was never open, throws here. */
async function closeSocket(socket: dtls.Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    try {
      socket.close(resolve);
    } catch {
      resolve();
    }
  });
}
