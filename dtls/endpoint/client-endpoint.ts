import { randomBytes } from 'node:crypto';

import type { AssociationHost } from '../association/association-host.ts';
import type { Association } from '../association/association.ts';
import type { ClientAssociation } from '../association/client-association.ts';
import type { CloseReason } from '../association/close-reason.ts';
import { alertName, DtlsError } from '../errors.ts';
import { KeyRing } from '../record/key-ring.ts';
import type { DatagramTransport } from '../transport/datagram-transport.ts';
import { isSamePeer, type Peer } from '../transport/peer.ts';
import { AssociationEntry, entryOf, type AssociationShell } from './association-entry.ts';
import { DtlsAssociation } from './dtls-association.ts';
import { createEndpointCounters } from './endpoint-counters.ts';
import { TimerQueue } from './timer-queue.ts';

export interface ClientEndpointOptions {
  readonly peer: Peer;
  readonly open: (receive: (datagram: Buffer) => void) => Promise<DatagramTransport>;
  readonly keyLog?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The one association of a client, with the transport that it is on. */
export class ClientEndpoint implements AssociationHost, AssociationShell {
  readonly counters = createEndpointCounters();
  /** Of one association. */
  readonly keyRing = new KeyRing(1);
  /** Only there when somebody wants it, for making the lines takes time. */
  readonly keyLog?: (line: string) => void;
  readonly #options: ClientEndpointOptions;
  readonly #timers = new TimerQueue(() => this.now());
  readonly #established = Promise.withResolvers<DtlsAssociation>();
  #entry: AssociationEntry | undefined;
  #transport: DatagramTransport | undefined;
  /** Resolves when the transport has closed. */
  #end: Promise<void> | undefined;

  constructor(options: ClientEndpointOptions) {
    this.#options = options;
    if (options.keyLog !== undefined) this.keyLog = options.keyLog;
  }

  /** Sends the ClientHello of `core`, and resolves once it is established. */
  async connect(core: ClientAssociation): Promise<DtlsAssociation> {
    const { signal } = this.#options;
    this.#transport = await this.#options.open(this.#receive);
    this.#entry = new AssociationEntry(this, core);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) this.#onAbort();
    else core.start();
    return this.#established.promise;
  }

  readonly #receive = (datagram: Buffer): void => {
    this.counters.datagramsReceived++;
    this.counters.octetsReceived += datagram.length;
    this.#entry?.core.receive(datagram, this.#entry.peer);
  };

  readonly #onAbort = (): void => {
    this.#entry?.core.close('closed');
  };

  now(): number {
    return performance.now();
  }

  wallClock(): number {
    return Date.now();
  }

  random(length: number): Buffer {
    return randomBytes(length);
  }

  send(_core: Association, datagram: Buffer): void {
    this.counters.datagramsSent++;
    this.counters.octetsSent += datagram.length;
    this.#transport?.send(datagram, this.#options.peer);
  }

  setTimer(core: Association, at: number | undefined): void {
    this.#timers.set(entryOf(core), at);
  }

  samePeer(one: unknown, other: unknown): boolean {
    return isSamePeer(one as Peer, other as Peer);
  }

  onEstablished(core: Association): void {
    const entry = entryOf(core);
    const facade = new DtlsAssociation(entry);
    entry.facade = facade;
    this.#established.resolve(facade);
  }

  onMessage(core: Association, data: Buffer): void {
    entryOf(core).facade?.emit('message', data);
  }

  /** The socket hears one address only. */
  onPeerMoved(): void {
    this.counters.addressesShared++;
  }

  onClosed(core: Association, reason: CloseReason): void {
    const entry = entryOf(core);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#timers.clear();
    const { facade } = entry;
    this.#established.reject(this.#failureOf(core, reason));
    this.#end = this.#transport?.close();
    facade?.emit('close', reason);
    facade?.removeAllListeners();
  }

  #failureOf({ lastAlert }: Association, reason: CloseReason): DtlsError {
    const { peer, signal } = this.#options;
    const where = `${peer.address}:${peer.port}`;
    if (signal?.aborted === true)
      return new DtlsError('OSGATE_DTLS_ABORTED', `the handshake with ${where} was given up`);
    if (reason === 'handshake-timeout')
      return new DtlsError('OSGATE_DTLS_HANDSHAKE_TIMEOUT', `${where} did not answer in time`);
    const alert =
      lastAlert === undefined ? '' : `, alert ${alertName(lastAlert.code)} ${lastAlert.sent ? 'sent' : 'received'}`;
    return new DtlsError('OSGATE_DTLS_HANDSHAKE_FAILED', `the handshake with ${where} failed: ${reason}${alert}`);
  }

  get isFull(): boolean {
    return this.#transport?.isFull ?? false;
  }

  async close({ core }: AssociationEntry): Promise<void> {
    core.close();
    await this.#end;
  }

  async rebind({ core }: AssociationEntry): Promise<void> {
    if (core.state !== 'established') throw new DtlsError('OSGATE_DTLS_CLOSED', 'the association has ended');
    if (core.peerCid.length === 0)
      throw new DtlsError('OSGATE_DTLS_INVALID_ARGUMENT', 'without a connection identifier the server would lose us');
    const fresh = await this.#options.open(this.#receive);
    // It may have ended meanwhile.
    if (this.#end !== undefined) {
      await fresh.close();
      return;
    }
    // Read only now: another call may have changed it.
    const old = this.#transport;
    this.#transport = fresh;
    await old?.close();
  }
}
