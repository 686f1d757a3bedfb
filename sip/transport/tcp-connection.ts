import type { Socket } from 'node:net';

import { StreamFramer, type FramingFailure, type FramingHandler } from './stream-framer.ts';
import type { StreamLimits } from './stream-limits.ts';
import type { Peer } from './transport.ts';

/** Why a connection ended, for counters. */
export type CloseReason =
  | FramingFailure
  | 'peer'
  | 'error'
  | 'connect-failed'
  | 'connect-timeout'
  | 'unauthenticated'
  | 'slow-sender'
  | 'slow-receiver'
  | 'idle'
  | 'dead-peer'
  | 'shutdown';

/** Hears what happens on a connection. */
export interface ConnectionOwner {
  readonly limits: StreamLimits;
  now(): number;
  onConnectionMessage(message: Buffer, connection: TcpConnection): void;
  onConnectionPing(connection: TcpConnection): void;
  /** See `FramingHandler.onUnframed`. */
  onConnectionUnframed(header: Buffer, failure: FramingFailure, connection: TcpConnection): void;
  /** Called once; nothing comes from the connection afterwards. */
  onConnectionClosed(connection: TcpConnection, reason: CloseReason): void;
}

const PONG = Buffer.from('\r\n');

/** One TCP connection with its framing and its limits; the transport calls `sweep` now and then instead of a timer each. */
export class TcpConnection implements FramingHandler {
  readonly peer: Peer;
  /** True when we opened it. */
  readonly outgoing: boolean;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  readonly #openedAt: number;
  #connected: boolean;
  #closed = false;
  #proven: boolean;
  /** Milliseconds of the owner's clock. */
  #lastReceived: number;
  #lastUsed: number;
  #messageSince = 0;
  /** Octets that the system had taken when last looked at, and when that changed. */
  #flushed = 0;
  #flushedAt: number;

  constructor(socket: Socket, peer: Peer, outgoing: boolean, owner: ConnectionOwner) {
    this.peer = peer;
    this.outgoing = outgoing;
    this.#owner = owner;
    this.#socket = socket;
    this.#connected = !outgoing;
    // Whom we call is not asked for proof.
    this.#proven = outgoing;
    this.#openedAt = this.#lastReceived = this.#lastUsed = this.#flushedAt = owner.now();
    this.#framer = new StreamFramer(owner.limits, this);
    socket.on('data', this.#onData);
    socket.on('connect', this.#onConnect);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** True when octets can go both ways. */
  get open(): boolean {
    return this.#connected && !this.#closed;
  }

  /** False when too much waits already. */
  send(message: Buffer | string): boolean {
    if (this.#closed || this.#socket.writableLength + message.length > this.#owner.limits.maximumPendingBytes) {
      return false;
    }
    this.#lastUsed = this.#owner.now();
    this.#socket.write(message, 'latin1');
    return true;
  }

  /** Ends it when the peer is too slow, or silent for too long. */
  sweep(): void {
    const { limits } = this.#owner;
    const now = this.#owner.now();
    if (!this.#connected) {
      if (now - this.#openedAt >= limits.connectTimeoutMilliseconds) this.close('connect-timeout');
    } else if (!this.#proven && now - this.#openedAt >= limits.authenticationTimeoutMilliseconds) {
      this.close('unauthenticated');
    } else if (this.#messageSince !== 0 && now - this.#messageSince >= limits.messageTimeoutMilliseconds) {
      this.close('slow-sender');
    } else if (this.#isBlocked(now) && now - this.#flushedAt >= limits.messageTimeoutMilliseconds) {
      this.close('slow-receiver');
    } else if (now - this.#lastUsed >= limits.idleTimeoutMilliseconds) {
      this.close('idle');
    }
  }

  /** True when octets wait and the peer takes none. */
  #isBlocked(now: number): boolean {
    const waiting = this.#socket.writableLength;
    const flushed = this.#socket.bytesWritten - waiting;
    if (waiting > 0 && flushed === this.#flushed) return true;
    this.#flushed = flushed;
    this.#flushedAt = now;
    return false;
  }

  /** The peer has authenticated: its connection may stay. */
  prove(): void {
    this.#proven = true;
  }

  /** A transaction with the peer timed out. */
  suspect(): void {
    if (this.#owner.now() - this.#lastReceived >= this.#owner.limits.deadPeerMilliseconds) this.close('dead-peer');
  }

  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#closed = true;
    // The answer to what could not be read still goes out, and what waits at shutdown; otherwise nobody waits for it.
    if (reason === 'shutdown' || reason.startsWith('stream-')) this.#socket.destroySoon();
    else this.#socket.destroy();
    this.#owner.onConnectionClosed(this, reason);
  }

  /** True when nothing is left of it. */
  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Ends it at once, whatever waits. */
  destroy(): void {
    this.#socket.destroy();
  }

  onMessage(message: Buffer): void {
    this.#messageSince = 0;
    if (!this.#closed) this.#owner.onConnectionMessage(message, this);
  }

  onPing(): void {
    if (!this.#closed) this.#owner.onConnectionPing(this);
    this.send(PONG);
  }

  onUnframed(header: Buffer, failure: FramingFailure): void {
    if (!this.#closed) this.#owner.onConnectionUnframed(header, failure, this);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#closed) return;
    this.#lastReceived = this.#lastUsed = this.#owner.now();
    const failure = this.#framer.push(chunk);
    if (failure !== undefined) {
      this.close(failure);
      return;
    }
    if (!this.#framer.midMessage) this.#messageSince = 0;
    else if (this.#messageSince === 0) this.#messageSince = this.#lastReceived;
  };

  readonly #onConnect = (): void => {
    this.#connected = true;
  };

  readonly #onError = (): void => {
    this.close(this.#connected ? 'error' : 'connect-failed');
  };

  readonly #onClose = (): void => {
    this.close('peer');
  };
}
