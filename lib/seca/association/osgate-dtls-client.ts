import { connect, type DtlsAssociation, type DtlsConnectOptions } from '../../../dtls/index.ts';
import { UdpTransport, type Peer } from '../../../sip/index.ts';
import { OsgateError } from '../../errors.ts';
import type { ChannelEnd, OpenChannel } from './secure-channel.ts';

export interface OsgateDtlsClientOptions {
  readonly gateway: Peer;
  /** Where to send from; port 0 lets the system choose. */
  readonly local: { readonly host: string; readonly port: number };
  /** Goes into server_name, and must be in the gateway's certificate where it shows one. */
  readonly serverName: string;
  /** IANA names. */
  readonly cipherSuites: readonly string[];
  /** Offers connection ids (RFC 9146). */
  readonly connectionId: boolean;
  /** PEM; for suites with certificates. */
  readonly authorities?: string | undefined;
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly mtu: number;
  readonly timeoutMilliseconds: number;
  readonly keyLog?: ((line: string) => void) | undefined;
  /** The IANA number of a suite. */
  readonly cipherSuiteCode: (name: string) => number;
}

/** Associations by our own client. */
export function osgateDtlsClient(options: OsgateDtlsClientOptions): OpenChannel {
  const { gateway, cipherSuiteCode } = options;
  return async ({ events, signal, psk }) => {
    let local: Peer | undefined;
    // What stops the handshake on our side is a better reason than the alert that comes of it.
    let ownError: unknown;
    let association: DtlsAssociation;
    try {
      association = await connect({
        ...commonOptions(options),
        signal,
        psk: async (hint, cipherSuite) => {
          try {
            return await psk(hint, cipherSuiteCode(cipherSuite));
          } catch (error) {
            ownError = error;
            return undefined;
          }
        },
        transport: async (receive) => {
          const udp = await UdpTransport.open(options.local, (datagram, source) => {
            if (source.port === gateway.port && source.address === gateway.address) receive(datagram);
          });
          local = udp.local;
          return udp;
        },
      });
    } catch (error) {
      throw ownError ?? failure(error);
    }
    association.on('message', (datagram) => {
      events.onMessage(datagram);
    });
    association.on('close', (reason) => {
      events.onEnd(END[reason] ?? 'failed');
    });
    return {
      local,
      cipherSuite: association.getCipher().standardName,
      hasConnectionId: (association.connectionId?.remote.length ?? 0) > 0,
      send: (datagram) => association.send(datagram),
      close: async () => {
        association.removeAllListeners();
        await association.close();
      },
    };
  };
}

function commonOptions(options: OsgateDtlsClientOptions): DtlsConnectOptions {
  const { gateway, serverName, cipherSuites, connectionId, mtu, timeoutMilliseconds } = options;
  const { authorities, certificate, privateKey, keyLog } = options;
  return {
    host: gateway.address,
    port: gateway.port,
    serverName,
    // RFC 5922: the gateway is known by its domain.
    serverNaming: 'sip-domain',
    cipherSuites,
    // The agent has one association at an address, so it needs no connection id to receive by.
    connectionId: connectionId ? { length: 0 } : false,
    authorities,
    certificate,
    privateKey,
    mtu,
    handshakeTimeoutMilliseconds: timeoutMilliseconds,
    keyLog,
  };
}

const END: Readonly<Partial<Record<string, ChannelEnd>>> = {
  closed: 'closed',
  'peer-closed': 'closed-by-peer',
  'peer-alert': 'closed-by-peer',
  'key-expired': 'key-expired',
};

function failure(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const { code, message } = error;
  const isNetwork = code === 'OSGATE_DTLS_HANDSHAKE_TIMEOUT' || code === 'OSGATE_DTLS_BIND_FAILED';
  if (isNetwork) return new OsgateError('OSGATE_AGENT_NETWORK', `no association: ${message}`, { cause: error });
  return new OsgateError('OSGATE_AGENT_REFUSED', `no association: ${message}`, { cause: error });
}
