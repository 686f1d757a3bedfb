import { createHash } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';

import type { Flow, MessageObserver, SipMessage, SipRequest } from '../../sip/index.ts';
import type { HepConfig } from '../config/index.ts';
import type { Identity } from '../identity/index.ts';
import { HepExporter, type HepRecord } from '../ops/index.ts';
import type { EdgeEvents, EdgeRefusal } from '../sec1/index.ts';

/** What a subscriber of `osgate.sip.message` gets, after the fact; it must not change the message. */
export interface SipMessageEvent {
  readonly direction: 'in' | 'out';
  readonly message: SipMessage;
  readonly flow: Flow;
}

/** Costs one comparison a message as long as nobody has subscribed. */
const MESSAGES = channel('osgate.sip.message');

type Reporter = MessageObserver & EdgeEvents & Required<Pick<MessageObserver, 'onAnswered'>>;

/**
 * Shows every SIP message, in and out, those of the gateway's own too, to whoever wants a copy: a HEP collector, and
 * subscribers of the diagnostics channel `osgate.sip.message`. All else it passes on to log and metrics.
 */
export class SipTap implements MessageObserver, EdgeEvents {
  readonly #reporter: Reporter;
  readonly #hep: HepExporter | undefined;
  readonly #options: Pick<HepConfig, 'locationBodies' | 'security'>;

  constructor(
    reporter: Reporter,
    hep: HepExporter | undefined,
    options: Pick<HepConfig, 'locationBodies' | 'security'> = { locationBodies: false, security: false },
  ) {
    this.#reporter = reporter;
    this.#hep = hep;
    this.#options = options;
  }

  static async open(reporter: Reporter, config: HepConfig | undefined): Promise<SipTap> {
    return config === undefined
      ? new SipTap(reporter, undefined)
      : new SipTap(reporter, await HepExporter.open(config), config);
  }

  get counters(): Readonly<Record<string, number>> | undefined {
    return this.#hep?.counters;
  }

  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void {
    this.#reporter.onMessage(direction, message, flow);
    if (this.#hep !== undefined) {
      this.#hep.send(this.#record('sip', direction, message, flow, this.#visible(message)));
    }
    if (MESSAGES.hasSubscribers) MESSAGES.publish({ direction, message, flow } satisfies SipMessageEvent);
  }

  onDropped(reason: string, flow: Flow): void {
    this.#reporter.onDropped(reason, flow);
  }

  onAnswered(request: SipRequest, status: number, flow: Flow, milliseconds: number): void {
    this.#reporter.onAnswered(request, status, flow, milliseconds);
  }

  authenticated(request: SipRequest, flow: Flow, identity: Identity, asserted: readonly string[]): void {
    this.#reporter.authenticated(request, flow, identity, asserted);
    if (this.#hep === undefined || !this.#options.security) return;
    const { scheme, algorithm, subject } = identity;
    this.#tell(request, flow, { event: 'authenticated', scheme, algorithm, subjectHash: hashOf(subject), asserted });
  }

  refused(request: SipRequest, flow: Flow, reason: EdgeRefusal, status: number): void {
    this.#reporter.refused(request, flow, reason, status);
    if (this.#hep === undefined || !this.#options.security) return;
    this.#tell(request, flow, { event: 'refused', reason, status });
  }

  ackDropped(request: SipRequest, flow: Flow, reason: EdgeRefusal): void {
    this.#reporter.ackDropped(request, flow, reason);
  }

  async close(): Promise<void> {
    await this.#hep?.close();
  }

  /** A log record beside the call. */
  #tell(request: SipRequest, flow: Flow, facts: object): void {
    const payload = Buffer.from(JSON.stringify({ method: request.method, ...facts }));
    this.#hep?.send(this.#record('log', 'in', request, flow, payload));
  }

  #record(
    kind: HepRecord['kind'],
    direction: 'in' | 'out',
    message: SipMessage,
    { transport, peer }: Flow,
    payload: Buffer,
  ): HepRecord {
    const inwards = direction === 'in';
    return {
      kind,
      source: inwards ? peer : transport.local,
      destination: inwards ? transport.local : peer,
      protocol: transport.protocol === 'TCP' ? 'TCP' : 'UDP',
      time: performance.timeOrigin + performance.now(),
      payload,
      correlationId: message.callId,
    };
  }

  /** The message as it is on the wire, but for a body with a location: Content-Length still tells how long that was. */
  #visible(message: SipMessage): Buffer {
    const bytes = message.toBuffer();
    // One character an octet.
    const { body } = message;
    if (this.#options.locationBodies || body.length === 0 || !mayHoldLocation(message)) return bytes;
    return bytes.subarray(0, bytes.length - body.length);
  }
}

/** A location is a body of that type, or a part of a body with several; a body of parts is not looked into. */
function mayHoldLocation(message: SipMessage): boolean {
  const type = (message.header('Content-Type') ?? '').trim().toLowerCase();
  return type.startsWith('application/pidf+xml') || type.startsWith('multipart/');
}

/** Tells two subjects apart and names none: a B-TID is not secret, but who captures need not have it. */
function hashOf(subject: string): string {
  return createHash('sha256').update(subject).digest('hex').slice(0, 16);
}
