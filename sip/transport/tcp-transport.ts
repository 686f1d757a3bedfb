import { lookup } from 'node:dns/promises';
import { connect, createServer, isIP, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { SipError } from '../errors.ts';
import { formatHost } from '../message/index.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream-limits.ts';
import type { FramingFailure } from './stream-framer.ts';
import { TcpConnection, type CloseReason, type ConnectionOwner } from './tcp-connection.ts';
import type { Peer, Transport } from './transport.ts';

export interface TcpTransportOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** What peers see, behind NAT for instance; the bound address where absent. */
  readonly advertised?: { readonly host: string; readonly port?: number | undefined };
  /** Lets several processes bind the same port; the kernel shares connections out. */
  readonly reusePort?: boolean;
  readonly limits?: Partial<StreamLimits>;
}

/** Hears what comes in and what goes wrong. */
export interface StreamHandler {
  /** `message` is one whole message and belongs to the receiver. */
  onMessage(message: Buffer, source: Peer): void;
  /** The peer sent CRLFCRLF, and has its CRLF (RFC 5626 4.4.1). */
  onPing?(source: Peer): void;
  /** A connection is gone, or could not be opened: what was sent there may not have arrived, and no answer will come. */
  onClosed(peer: Peer, reason: CloseReason): void;
  /** The header of a message whose end nobody can tell. The connection is closed after it; what is sent now still goes out. */
  onUnframed?(header: Buffer, failure: FramingFailure, source: Peer): void;
}

/** The system asks peers whether they still live after that long without a segment. */
const KEEP_ALIVE_MILLISECONDS = 60_000;

/** How long a closing transport waits for the last octets to go. */
const CLOSE_GRACE_MILLISECONDS = 500;
const CLOSE_POLL_MILLISECONDS = 10;

/**
 * SIP over TCP (RFC 3261 18). A connection is opened when something is sent to a peer that has none, and used for all that
 * follows; one that the peer opened is used the same way.
 */
export class TcpTransport implements Transport, ConnectionOwner {
  readonly protocol = 'TCP';
  readonly reliable = true;
  readonly local: Peer;
  readonly sentBy: string;
  readonly limits: StreamLimits;
  readonly counters = {
    accepted: 0,
    opened: 0,
    closed: 0,
    received: 0,
    sent: 0,
    pings: 0,
    sendErrors: 0,
    pendingFull: 0,
    refusedConnections: 0,
    refusedConnectionsOfAddress: 0,
    refusedOutgoingConnections: 0,
    connectFailed: 0,
    connectionErrors: 0,
    framingFailures: 0,
    unauthenticated: 0,
    slowPeers: 0,
    deadPeers: 0,
    idle: 0,
  };
  readonly #server: Server;
  readonly #handler: StreamHandler;
  readonly #localAddress: string | undefined;
  readonly #connections = new Map<string, TcpConnection>();
  readonly #perAddress = new Map<string, number>();
  readonly #sweeper: NodeJS.Timeout;
  #accepted = 0;
  #outgoing = 0;
  #open = true;

  private constructor(server: Server, options: TcpTransportOptions, handler: StreamHandler) {
    this.#server = server;
    this.#handler = handler;
    this.limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    const { address, port } = server.address() as AddressInfo;
    this.local = { address, port };
    this.sentBy = `${formatHost(options.advertised?.host ?? address)}:${options.advertised?.port ?? port}`;
    this.#localAddress = address === '0.0.0.0' || address === '::' ? undefined : address;
    server.on('connection', this.#accept);
    // Too many open files, for instance: the listener goes on.
    server.on('error', () => {
      this.counters.connectionErrors++;
    });
    this.#sweeper = setInterval(this.#sweep, sweepInterval(this.limits)).unref();
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async open(options: TcpTransportOptions, handler: StreamHandler): Promise<TcpTransport> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MILLISECONDS });
    const { port, reusePort = false } = options;
    try {
      // A name stands for its IPv4 address, as it does for UDP.
      const host = isIP(options.host) === 0 ? (await lookup(options.host, { family: 4 })).address : options.host;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, reusePort, ipv6Only: isIPv6(host) }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      server.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new SipError('OSGATE_SIP_BIND_FAILED', `cannot listen on ${options.host}:${port}: ${reason}`, {
        cause: error,
      });
    }
    return new TcpTransport(server, options, handler);
  }

  /** Connections, those that are being opened included. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  now(): number {
    return performance.now();
  }

  send(message: Buffer | string, peer: Peer): boolean {
    const connection = this.#connections.get(keyOf(peer)) ?? this.#connect(peer);
    if (connection === undefined) {
      this.counters.sendErrors++;
      return false;
    }
    if (!connection.send(message)) {
      this.counters.pendingFull++;
      return false;
    }
    this.counters.sent++;
    return true;
  }

  isConnected(peer: Peer): boolean {
    return this.#connections.get(keyOf(peer))?.open === true;
  }

  prove(peer: Peer): void {
    this.#connections.get(keyOf(peer))?.prove();
  }

  suspect(peer: Peer): void {
    this.#connections.get(keyOf(peer))?.suspect();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#sweeper);
    const left = [...this.#connections.values()];
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const connection of left) connection.close('shutdown');
    const deadline = this.now() + CLOSE_GRACE_MILLISECONDS;
    while (this.now() < deadline && left.some(({ destroyed }) => !destroyed)) await delay(CLOSE_POLL_MILLISECONDS);
    for (const connection of left) connection.destroy();
    await closed;
  }

  onConnectionMessage(message: Buffer, connection: TcpConnection): void {
    this.counters.received++;
    this.#handler.onMessage(message, connection.peer);
  }

  onConnectionPing(connection: TcpConnection): void {
    this.counters.pings++;
    this.#handler.onPing?.(connection.peer);
  }

  onConnectionUnframed(header: Buffer, failure: FramingFailure, { peer }: TcpConnection): void {
    this.#handler.onUnframed?.(header, failure, peer);
  }

  onConnectionClosed(connection: TcpConnection, reason: CloseReason): void {
    const { peer } = connection;
    this.counters.closed++;
    this.#count(reason);
    this.#connections.delete(keyOf(peer));
    if (connection.outgoing) this.#outgoing--;
    else {
      this.#accepted--;
      const left = (this.#perAddress.get(peer.address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(peer.address);
      else this.#perAddress.set(peer.address, left);
    }
    if (this.#open) this.#handler.onClosed(peer, reason);
  }

  #count(reason: CloseReason): void {
    switch (reason) {
      case 'connect-failed':
      case 'connect-timeout':
        this.counters.connectFailed++;
        return;
      case 'error':
        this.counters.connectionErrors++;
        return;
      case 'unauthenticated':
        this.counters.unauthenticated++;
        return;
      case 'slow-sender':
      case 'slow-receiver':
        this.counters.slowPeers++;
        return;
      case 'dead-peer':
        this.counters.deadPeers++;
        return;
      case 'idle':
        this.counters.idle++;
        return;
      case 'peer':
      case 'shutdown':
        return;
      case 'stream-header-too-large':
      case 'stream-message-too-large':
      case 'stream-missing-content-length':
      case 'stream-malformed-content-length':
        this.counters.framingFailures++;
    }
  }

  #connect(peer: Peer): TcpConnection | undefined {
    if (!this.#open || peer.port === 0) return undefined;
    if (this.#outgoing >= this.limits.maximumOutgoingConnections) {
      this.counters.refusedOutgoingConnections++;
      return undefined;
    }
    // Peers that know us by our address must see the one that we listen on.
    const socket = connect({
      host: peer.address,
      port: peer.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MILLISECONDS,
      ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }),
    });
    this.counters.opened++;
    this.#outgoing++;
    return this.#add(socket, { address: peer.address, port: peer.port }, true);
  }

  #add(socket: Socket, peer: Peer, outgoing: boolean): TcpConnection {
    const connection = new TcpConnection(socket, peer, outgoing, this);
    this.#connections.set(keyOf(peer), connection);
    return connection;
  }

  readonly #accept = (socket: Socket): void => {
    const { remoteAddress: address, remotePort: port } = socket;
    // Undefined when the peer is gone already.
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const ofAddress = this.#perAddress.get(address) ?? 0;
    const peer = { address, port };
    if (this.#accepted >= this.limits.maximumConnections || this.#connections.has(keyOf(peer))) {
      this.counters.refusedConnections++;
      socket.destroy();
      return;
    }
    if (ofAddress >= this.limits.maximumConnectionsPerAddress) {
      this.counters.refusedConnectionsOfAddress++;
      socket.destroy();
      return;
    }
    this.counters.accepted++;
    this.#accepted++;
    this.#perAddress.set(address, ofAddress + 1);
    this.#add(socket, peer, false);
  };

  readonly #sweep = (): void => {
    for (const connection of this.#connections.values()) connection.sweep();
  };
}

function keyOf(peer: Peer): string {
  return `${peer.address} ${peer.port}`;
}

/** Often enough that a limit is overrun by a quarter at most, but not more than once in 50 ms. */
function sweepInterval(limits: StreamLimits): number {
  const shortest = Math.min(
    limits.connectTimeoutMilliseconds,
    limits.authenticationTimeoutMilliseconds,
    limits.messageTimeoutMilliseconds,
    limits.idleTimeoutMilliseconds,
  );
  return Math.max(50, Math.floor(shortest / 4));
}
