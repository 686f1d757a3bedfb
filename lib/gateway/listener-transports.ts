import {
  SipError,
  TcpTransport,
  UdpTransport,
  type Flow,
  type FramingFailure,
  type Transport,
} from '../../sip/index.ts';
import type { GatewayConfig, SipListenerConfig } from '../config/index.ts';
import { datagramKind, DtlsSipTransport, type ChannelServer, type ChannelUser } from '../sec1/index.ts';

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
  /** UDP first, DTLS last. */
  readonly transports: readonly [Transport, ...Transport[]];
  readonly dtls: DtlsSipTransport | undefined;
  counters(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Opens the DTLS server of a listener, for its transport. */
export type OpenChannel = (user: ChannelUser) => ChannelServer;

/** How often a port that the system chose for one transport may be taken for the other. */
const PORT_ATTEMPTS = 20;

/**
 * Opens the transports of a listener, all at the same port; for port 0 at one that is free for all of them.
 *
 * @param openChannel asked where the listener has DTLS
 * @throws SipError OSGATE_SIP_BIND_FAILED, and what `openChannel` throws
 */
export async function openTransports(
  config: SipListenerConfig,
  settings: TransportSettings,
  handler: TransportHandler,
  openChannel?: OpenChannel,
): Promise<ListenerTransports> {
  const tcp = config.transports.includes('tcp');
  const datagrams = config.transports.some((transport) => transport !== 'tcp');
  // The inherited socket has its port already, which is the port of TCP too.
  if (settings.descriptor !== undefined) return openInherited(config, settings, handler, openChannel);
  for (let attempt = 1; ; attempt++) {
    const stream = tcp ? await openTcp(config, config.port, settings, handler) : undefined;
    try {
      const port = stream?.local.port ?? config.port;
      const socket = datagrams ? await openDatagrams(config, port, settings, handler, openChannel) : undefined;
      return together(socket, stream);
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
  openChannel: OpenChannel | undefined,
): Promise<ListenerTransports> {
  const socket = await openDatagrams(config, config.port, settings, handler, openChannel);
  if (!config.transports.includes('tcp')) return together(socket, undefined);
  try {
    return together(socket, await openTcp(config, socket.udp.local.port, settings, handler));
  } catch (error) {
    await socket.close();
    throw error;
  }
}

function together(socket: DatagramSocket | undefined, stream: TcpTransport | undefined): ListenerTransports {
  const dtls = socket?.dtls;
  const [first, ...others] = [socket?.hasSip === true ? socket.udp : undefined, stream, dtls].filter(
    (transport) => transport !== undefined,
  );
  if (first === undefined) throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', 'a listener without transports');
  return {
    transports: [first, ...others],
    dtls,
    counters: () => ({
      ...(socket === undefined ? {} : prefixed('udp', socket.udp.counters)),
      ...(stream === undefined ? {} : prefixed('tcp', stream.counters)),
      ...(dtls === undefined ? {} : { ...prefixed('dtls', dtls.counters), ...prefixed('dtls', dtls.channel.counters) }),
    }),
    close: async () => {
      await Promise.all([socket?.close(), stream?.close()]);
    },
  };
}

/** One UDP socket and what it is used for. */
interface DatagramSocket {
  readonly udp: UdpTransport;
  /** True when SIP is taken without DTLS. */
  readonly hasSip: boolean;
  readonly dtls: DtlsSipTransport | undefined;
  close(): Promise<void>;
}

async function openDatagrams(
  config: SipListenerConfig,
  port: number,
  settings: TransportSettings,
  handler: TransportHandler,
  openChannel: OpenChannel | undefined,
): Promise<DatagramSocket> {
  const hasSip = config.transports.includes('udp');
  if (!config.transports.includes('dtls') || openChannel === undefined) {
    const udp = await openUdp(config, port, settings, handler, (datagram, flow) => {
      handler.receive(datagram, flow);
    });
    return { udp, hasSip: true, dtls: undefined, close: () => udp.close() };
  }
  let dtls: DtlsSipTransport | undefined;
  const udp = await openUdp(config, port, settings, handler, (datagram, flow) => {
    const kind = datagramKind(datagram);
    // DTLS may keep parts of a datagram, and datagrams are lent.
    if (kind === 'dtls') dtls?.receiveDatagram(Buffer.from(datagram), flow.peer);
    // STUN outside DTLS is a keepalive of the same addresses (RFC 5626 4.4.2), whether or not there is plain SIP.
    else if (hasSip || (kind === 'stun' && datagram.length >= STUN_HEADER_OCTETS)) handler.receive(datagram, flow);
    else if (dtls !== undefined) dtls.counters.notDtls++;
  });
  try {
    dtls = new DtlsSipTransport({
      local: udp.local,
      sentBy: udp.sentBy,
      open: openChannel,
      handler: {
        receive: (message, flow) => {
          handler.receive(message, flow);
        },
        closed: (flow) => {
          handler.failed(flow);
          handler.closed(flow);
        },
      },
    });
    dtls.channel.attach(udp);
  } catch (error) {
    await udp.close();
    throw error;
  }
  const opened = dtls;
  return {
    udp,
    hasSip,
    dtls,
    // The words of farewell to its peers need the socket.
    close: async () => {
      await opened.close();
      await udp.close();
    },
  };
}

const STUN_HEADER_OCTETS = 20;

async function openUdp(
  config: SipListenerConfig,
  port: number,
  { datagrams, reusePort = false, descriptor }: TransportSettings,
  handler: TransportHandler,
  receive: (datagram: Buffer, flow: Flow) => void,
): Promise<UdpTransport> {
  // No datagram can come before `transport` is set: the socket hands them over in a later turn of the event loop.
  const transport: UdpTransport = await UdpTransport.open(
    {
      host: config.host,
      port,
      reusePort,
      maximumPendingDatagrams: datagrams.maximumPending,
      ...(datagrams.batches ? { batches: { gatherMicroseconds: datagrams.gatherMicroseconds } } : {}),
      ...(descriptor === undefined ? {} : { fd: descriptor }),
      onUnreachable: (peer) => {
        handler.failed({ transport, peer });
      },
      ...advertised(config),
    },
    (datagram, peer) => {
      receive(datagram, { transport, peer });
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
