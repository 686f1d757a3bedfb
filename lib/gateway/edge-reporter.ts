import type { Logger } from 'pino';

import type { Flow, MessageObserver, SipMessage, Transport } from '../../sip/index.ts';
import { SipRequest, SipResponse } from '../../sip/index.ts';
import { refusalReason, type Identity } from '../identity/index.ts';
import type { Metrics } from '../ops/index.ts';
import type { EdgeEvents, EdgeRefusal, SipListener } from '../sec1/index.ts';

/** Which requests are written to the log at level info; the others only at level debug. */
export type RequestLog = 'all' | 'refused' | 'none';

/** Writes what happens on SEC-1 to log and metrics: who and why, never a body, a key or a credential. */
export class EdgeReporter implements EdgeEvents, MessageObserver {
  readonly #logger: Logger;
  readonly #requests: RequestLog;
  #listenerNames: ReadonlyMap<Transport, string> = new Map();
  readonly #messages;
  readonly #dropped;
  readonly #authenticated;
  readonly #refused;

  constructor(logger: Logger, metrics: Metrics, requests: RequestLog = 'all') {
    this.#logger = logger;
    this.#requests = requests;
    this.#messages = metrics.counter({
      name: 'osgate_sip_messages_total',
      help: 'SIP messages by direction and listener',
      labels: ['direction', 'listener'],
    });
    this.#dropped = metrics.counter({
      name: 'osgate_sip_dropped_total',
      help: 'Datagrams and messages dropped, by reason',
      labels: ['reason'],
    });
    this.#authenticated = metrics.counter({
      name: 'osgate_sip_authenticated_total',
      help: 'Requests let in, by scheme',
      labels: ['scheme'],
    });
    this.#refused = metrics.counter({
      name: 'osgate_sip_refused_total',
      help: 'Requests not let in, by reason and status',
      labels: ['reason', 'status'],
    });
  }

  /** Names the listeners in what follows. */
  setListeners(listeners: readonly SipListener[]): void {
    this.#listenerNames = new Map(
      listeners.flatMap(({ name, transports }) => transports.map((transport) => [transport, name] as const)),
    );
  }

  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void {
    const listener = this.#nameOf(flow);
    this.#messages.inc({ direction, listener });
    if (!this.#logger.isLevelEnabled('debug')) return;
    this.#logger.debug(
      {
        event: 'sip',
        direction,
        listener,
        peer: formatPeer(flow),
        startLine: startLine(message),
        callId: message.callId,
        cseq: message.header('CSeq'),
      },
      'sip message',
    );
  }

  onDropped(reason: string, flow: Flow): void {
    this.#dropped.inc({ reason });
    this.#logger.debug({ event: 'dropped', reason, peer: formatPeer(flow) }, 'dropped');
  }

  authenticated(request: SipRequest, flow: Flow, identity: Identity, asserted: readonly string[]): void {
    this.#authenticated.inc({ scheme: identity.scheme });
    // The inside speaks all the time; that it is trusted by address is no news.
    const level = identity.scheme === 'trusted' || this.#requests !== 'all' ? 'debug' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](
      {
        event: 'authenticated',
        scheme: identity.scheme,
        subject: identity.subject,
        ...(identity.impi === undefined ? {} : { impi: identity.impi }),
        ...(identity.algorithm === undefined ? {} : { algorithm: identity.algorithm }),
        asserted,
        ...this.#where(request, flow),
      },
      'authenticated',
    );
  }

  refused(request: SipRequest, flow: Flow, reason: EdgeRefusal, status: number): void {
    this.#refused.inc({ reason, status: String(status) });
    const normal = refusalReason(reason).log === 'normal';
    const level = normal || this.#requests === 'none' ? 'debug' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level]({ event: 'refused', reason, status, ...this.#where(request, flow) }, 'refused');
  }

  ackDropped(request: SipRequest, flow: Flow, reason: EdgeRefusal): void {
    this.#dropped.inc({ reason: `ack-${reason}` });
    this.#logger.info({ event: 'dropped', reason: `ack-${reason}`, ...this.#where(request, flow) }, 'ACK dropped');
  }

  #where(request: SipRequest, flow: Flow): Record<string, string> {
    return { method: request.method, callId: request.callId, listener: this.#nameOf(flow), peer: formatPeer(flow) };
  }

  #nameOf(flow: Flow): string {
    return this.#listenerNames.get(flow.transport) ?? 'unknown';
  }
}

function formatPeer(flow: Flow): string {
  const { address, port } = flow.peer;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function startLine(message: SipMessage): string {
  if (message instanceof SipRequest) return `${message.method} ${message.uri} SIP/2.0`;
  if (message instanceof SipResponse) return `SIP/2.0 ${message.status} ${message.reason}`;
  return '';
}
