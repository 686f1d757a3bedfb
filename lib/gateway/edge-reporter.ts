import type { Logger } from 'pino';

import type { Flow, MessageObserver, SipMessage, Transport } from '../../sip/index.ts';
import { SipRequest, SipResponse } from '../../sip/index.ts';
import { refusalReason, type Identity } from '../identity/index.ts';
import { PlainCounter, RequestMeter, type Metrics, type Sample } from '../ops/index.ts';
import type { EdgeEvents, EdgeRefusal, SipListener } from '../sec1/index.ts';

/** Which requests are written to the log at level info; the others only at level debug. */
export type RequestLog = 'all' | 'refused' | 'none';

/** Writes what happens on SEC-1 to log and metrics: who and why, never a body, a key or a credential. */
export class EdgeReporter implements EdgeEvents, MessageObserver {
  readonly #logger: Logger;
  #requests: RequestLog;
  #listeners: ReadonlyMap<Transport, ListenerBooks> = new Map();
  readonly #unknown = new ListenerBooks('unknown');
  readonly #dropped = new PlainCounter('reason');
  readonly #authenticated = new PlainCounter('scheme');
  readonly #refused = new PlainCounter('reason', 'status');

  constructor(logger: Logger, metrics: Metrics, requests: RequestLog = 'all') {
    this.#logger = logger;
    this.#requests = requests;
    metrics.samplesOf(
      {
        name: 'osgate_sip_messages_total',
        help: 'SIP messages by direction and listener',
        labels: ['direction', 'listener'],
      },
      () => this.#books().flatMap((books) => books.messages()),
    );
    metrics.samplesOf(
      { name: 'osgate_sip_dropped_total', help: 'Datagrams and messages dropped, by reason', labels: ['reason'] },
      () => this.#dropped.samples(),
    );
    metrics.samplesOf(
      { name: 'osgate_sip_authenticated_total', help: 'Requests let in, by scheme', labels: ['scheme'] },
      () => this.#authenticated.samples(),
    );
    metrics.samplesOf(
      {
        name: 'osgate_sip_refused_total',
        help: 'Requests not let in, by reason and status',
        labels: ['reason', 'status'],
      },
      () => this.#refused.samples(),
    );
    metrics.samplesOf(
      {
        name: 'osgate_sip_requests_total',
        help: 'Requests by method, class of the final response and listener',
        labels: ['method', 'class', 'listener'],
      },
      () => this.#books().flatMap(({ name, meter }) => meter.answers({ listener: name })),
    );
    metrics.histogramsOf(
      {
        name: 'osgate_sip_request_duration_seconds',
        help: 'From the request to the final response, by method and listener',
        labels: ['method', 'listener'],
      },
      () => this.#books().flatMap(({ name, meter }) => meter.durations({ listener: name })),
    );
  }

  /** Names the listeners in what follows; each keeps its books for as long as it is there. */
  setListeners(listeners: readonly SipListener[]): void {
    const before = this.#listeners;
    this.#listeners = new Map(
      listeners.flatMap(({ name, transports }) => {
        // One set of books a listener, whatever it is reached by.
        const known = transports.map((transport) => before.get(transport)).find((books) => books !== undefined);
        const books = known ?? new ListenerBooks(name);
        return transports.map((transport) => [transport, books] as const);
      }),
    );
  }

  /** Changes which requests are logged. */
  setRequestLog(requests: RequestLog): void {
    this.#requests = requests;
  }

  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void {
    const books = this.#booksOf(flow);
    if (direction === 'in') books.messagesIn++;
    else books.messagesOut++;
    if (!this.#logger.isLevelEnabled('debug')) return;
    this.#logger.debug(
      {
        event: 'sip',
        direction,
        listener: books.name,
        peer: formatPeer(flow),
        startLine: startLine(message),
        callId: message.callId,
        cseq: message.header('CSeq'),
      },
      'sip message',
    );
  }

  onAnswered(request: SipRequest, status: number, flow: Flow, milliseconds: number): void {
    this.#booksOf(flow).meter.answered(request.method, status, milliseconds);
  }

  onDropped(reason: string, flow: Flow): void {
    this.#dropped.count(reason);
    this.#logger.debug({ event: 'dropped', reason, peer: formatPeer(flow) }, 'dropped');
  }

  authenticated(request: SipRequest, flow: Flow, identity: Identity, asserted: readonly string[]): void {
    this.#authenticated.count(identity.scheme);
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
    this.#refused.count(reason, String(status));
    const normal = refusalReason(reason).log === 'normal';
    const level = normal || this.#requests === 'none' ? 'debug' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level]({ event: 'refused', reason, status, ...this.#where(request, flow) }, 'refused');
  }

  ackDropped(request: SipRequest, flow: Flow, reason: EdgeRefusal): void {
    this.#dropped.count(`ack-${reason}`);
    this.#logger.info({ event: 'dropped', reason: `ack-${reason}`, ...this.#where(request, flow) }, 'ACK dropped');
  }

  #where(request: SipRequest, flow: Flow): Record<string, string> {
    return {
      method: request.method,
      callId: request.callId,
      listener: this.#booksOf(flow).name,
      peer: formatPeer(flow),
    };
  }

  #booksOf(flow: Flow): ListenerBooks {
    return this.#listeners.get(flow.transport) ?? this.#unknown;
  }

  #books(): ListenerBooks[] {
    return [...new Set(this.#listeners.values()), this.#unknown];
  }
}

/** What is counted of one listener. */
class ListenerBooks {
  readonly name: string;
  readonly meter = new RequestMeter();
  messagesIn = 0;
  messagesOut = 0;

  constructor(name: string) {
    this.name = name;
  }

  messages(): Sample[] {
    if (this.messagesIn + this.messagesOut === 0) return [];
    return [
      { labels: { direction: 'in', listener: this.name }, value: this.messagesIn },
      { labels: { direction: 'out', listener: this.name }, value: this.messagesOut },
    ];
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
