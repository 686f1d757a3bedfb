import {
  SipError,
  TcpTransport,
  UdpTransport,
  type Flow,
  type FramingFailure,
  type Transport,
} from '../../sip/index.ts';
import type { GatewayConfig, SipListenerConfig } from '../config/index.ts';

/** Who hears what comes in by the transports of a listener. */
export interface TransportHandler {
  receive(message: Buffer, flow: Flow): void;
  /** A keepalive of a stream came, and was answered. */
  seen(flow: Flow): void;
  /** The header of a message whose end nobody can tell; its connection is closed after it. */
  unframed(header: Buffer, failure: FramingFailure, flow: Flow): void;
  /** A connection is gone, or a peer cannot be reached. */
  failed(flow: Flow): void;
  /** A connection is gone that was there. */
  closed(flow: Flow): void;
}

export interface TransportSettings {
  readonly limits: GatewayConfig['limits'];
  readonly streams: GatewayConfig['streams'];
  readonly datagrams: GatewayConfig['datagrams'];
  /** Lets several processes bind the same ports. */
  readonly reusePort?: boolean;
  /** A bound UDP socket that the process inherited for this listener, in place of a new one. */
  readonly descriptor?: number | undefined;
}

export interface ListenerTransports {
  /** UDP first. */
  readonly transports: readonly [Transport, ...Transport[]];
  counters(): Readonly<Record<string, number>>;
}

/** How often a port that the system chose for one transport may be taken for the other. */
const PORT_ATTEMPTS = 20;

/**
 * Opens the transports of a listener, all at the same port; for port 0 at one that is free for all of them.
 *
 * @throws SipError OSGATE_SIP_BIND_FAILED
 */
export async function openTransports(
  config: SipListenerConfig,
  settings: TransportSettings,
  handler: TransportHandler,
): Promise<ListenerTransports> {
  const tcp = config.transports.includes('tcp');
  const udp = config.transports.includes('udp');
  // The inherited socket has its port already, which is the port of TCP too.
  if (settings.descriptor !== undefined) return openInherited(config, settings, handler);
  for (let attempt = 1; ; attempt++) {
    const stream = tcp ? await openTcp(config, config.port, settings, handler) : undefined;
    try {
      const datagram = udp ? await openUdp(config, stream?.local.port ?? config.port, settings, handler) : undefined;
      return together(datagram, stream);
    } catch (error) {
      await stream?.close();
      if (stream === undefined || config.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function openInherited(
  config: SipListenerConfig,
  settings: TransportSettings,
  handler: TransportHandler,
): Promise<ListenerTransports> {
  const datagram = await openUdp(config, config.port, settings, handler);
  if (!config.transports.includes('tcp')) return together(datagram, undefined);
  try {
    return together(datagram, await openTcp(config, datagram.local.port, settings, handler));
  } catch (error) {
    await datagram.close();
    throw error;
  }
}

function together(datagram: UdpTransport | undefined, stream: TcpTransport | undefined): ListenerTransports {
  const [first, ...others] = [datagram, stream].filter((transport) => transport !== undefined);
  if (first === undefined) throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', 'a listener without transports');
  return {
    transports: [first, ...others],
    counters: () => ({
      ...(datagram === undefined ? {} : prefixed('udp', datagram.counters)),
      ...(stream === undefined ? {} : prefixed('tcp', stream.counters)),
    }),
  };
}

async function openUdp(
  config: SipListenerConfig,
  port: number,
  { datagrams, reusePort = false, descriptor }: TransportSettings,
  handler: TransportHandler,
): Promise<UdpTransport> {
  // No datagram can come before `transport` is set: the socket hands them over in a later turn of the event loop.
  const transport: UdpTransport = await UdpTransport.open(
    {
      host: config.host,
      port,
      reusePort,
      maximumPendingDatagrams: datagrams.maximumPending,
      ...(descriptor === undefined ? {} : { fd: descriptor }),
      onUnreachable: (peer) => {
        handler.failed({ transport, peer });
      },
      ...advertised(config),
    },
    (datagram, peer) => {
      handler.receive(datagram, { transport, peer });
    },
  );
  return transport;
}

async function openTcp(
  config: SipListenerConfig,
  port: number,
  { limits, streams, reusePort = false }: TransportSettings,
  handler: TransportHandler,
): Promise<TcpTransport> {
  const { authenticationTimeoutSeconds, idleTimeoutSeconds, ...others } = streams;
  const transport: TcpTransport = await TcpTransport.open(
    {
      host: config.host,
      port,
      reusePort,
      limits: {
        ...others,
        authenticationTimeoutMilliseconds: authenticationTimeoutSeconds * 1000,
        idleTimeoutMilliseconds: idleTimeoutSeconds * 1000,
        maximumMessageBytes: limits.maximumMessageBytes,
      },
      ...advertised(config),
    },
    {
      onMessage: (message, peer) => {
        handler.receive(message, { transport, peer });
      },
      onPing: (peer) => {
        handler.seen({ transport, peer });
      },
      onUnframed: (header, failure, peer) => {
        handler.unframed(header, failure, { transport, peer });
      },
      onClosed: (peer) => {
        handler.failed({ transport, peer });
        handler.closed({ transport, peer });
      },
    },
  );
  return transport;
}

function advertised(config: SipListenerConfig): Pick<SipListenerConfig, 'advertised'> {
  return config.advertised === undefined ? {} : { advertised: config.advertised };
}

/** Counters under names that say whose they are. */
export function prefixed(prefix: string, counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, count]) => [`${prefix}-${name}`, count]));
}
