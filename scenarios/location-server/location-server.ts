import { randomBytes } from 'node:crypto';

import {
  TimerWheel,
  TransactionEngine,
  UdpTransport,
  type ClientTransactionHandler,
  type Flow,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type TransactionUser,
} from '../../sip/index.ts';
import { CallHandler } from './calls.ts';
import { Dialog } from './dialog.ts';
import { pidfLoDocument, type Position } from './pidf-lo-document.ts';
import { Subscription, type SubscriptionEnvironment } from './subscription.ts';

export interface LocationServerOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds between two NOTIFYs, unless the subscriber's min-rate says less time. */
  readonly intervalMilliseconds: number;
  /** Seconds; a shorter subscription, other than 0, is refused with 423. */
  readonly minimumExpires: number;
  readonly maximumExpires: number;
  readonly maximumSubscriptions: number;
  /** Refuses requests in which the edge asserts nobody. */
  readonly requireIdentity: boolean;
  /** Milliseconds that an INVITE rings; without it calls are answered at once. */
  readonly ringMilliseconds: number;
  readonly position: (target: string) => Position;
  /** Tells who asked for what; never where anybody is. */
  readonly onRequest?: (request: SipRequest, status: number) => void;
}

const EVENT = 'presence';
const CONTENT_TYPE = 'application/pidf+xml';
const DEFAULT_EXPIRES_SECONDS = 3600;
const ALLOWED = 'SUBSCRIBE, NOTIFY, MESSAGE, OPTIONS, INVITE, ACK, BYE, CANCEL, REGISTER';

/** How long a location may be kept (RFC 4119 2.2.2). */
const RETENTION_SECONDS = 86_400;

/**
 * A LOCSIP location server for demonstrations and tests: a notifier of the presence event package (RFC 3856, RFC 6665)
 * with PIDF-LO, and a small application server for calls, messages and registrations beside it.
 */
export class LocationServer implements TransactionUser {
  readonly #options: LocationServerOptions;
  readonly #wheel = new TimerWheel();
  readonly #engine: TransactionEngine;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #environment: SubscriptionEnvironment;
  readonly #calls: CallHandler;
  #transport: UdpTransport | undefined;

  private constructor(options: LocationServerOptions) {
    this.#options = options;
    this.#engine = new TransactionEngine({ scheduler: this.#wheel, random: randomBytes, user: this });
    this.#calls = new CallHandler(this.#wheel, options.ringMilliseconds, () => this.contact);
    this.#environment = {
      scheduler: this.#wheel,
      sendNotify: (notify, dialog, outcome) => {
        this.#sendNotify(notify, dialog, outcome);
      },
      document: (target) =>
        pidfLoDocument({
          entity: target.replace(/^sips?:/, 'pres:'),
          position: options.position(target),
          at: new Date(),
          retentionSeconds: RETENTION_SECONDS,
        }),
      ended: (subscription) => {
        this.#subscriptions.delete(subscription.dialog.id);
      },
    };
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED */
  static async start(options: LocationServerOptions): Promise<LocationServer> {
    const server = new LocationServer(options);
    const transport = await UdpTransport.open({ host: options.host, port: options.port }, (datagram, peer) => {
      if (server.#transport !== undefined) server.#engine.receive(datagram, { transport: server.#transport, peer });
    });
    server.#transport = transport;
    server.#wheel.start();
    return server;
  }

  get port(): number {
    return this.#transport?.local.port ?? 0;
  }

  get contact(): string {
    return `sip:${this.#transport?.sentBy ?? ''}`;
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** Ends every subscription with a last NOTIFY (RFC 6665 4.1.3, deactivated) and closes the socket. */
  async close(): Promise<void> {
    for (const subscription of [...this.#subscriptions.values()]) subscription.terminate('deactivated');
    this.#engine.close();
    this.#wheel.stop();
    await this.#transport?.close();
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const respond = (response: SipResponse): void => {
      this.#options.onRequest?.(request, response.status);
      transaction.respond(response);
    };
    if (this.#options.requireIdentity && !request.has('P-Asserted-Identity')) {
      respond(request.createResponse(403));
      return;
    }
    switch (request.method) {
      case 'SUBSCRIBE':
        this.#subscribe(request, respond);
        return;
      case 'INVITE':
        this.#calls.invite(transaction, respond);
        return;
      case 'BYE':
        respond(request.createResponse(this.#calls.bye(request) ? 200 : 481));
        return;
      case 'REGISTER':
        respond(registered(request));
        return;
      case 'MESSAGE':
      case 'OPTIONS': {
        const response = request.createResponse(200);
        response.set('Allow', ALLOWED);
        respond(response);
        return;
      }
      default: {
        const response = request.createResponse(request.method === 'CANCEL' ? 481 : 405);
        response.set('Allow', ALLOWED);
        respond(response);
      }
    }
  }

  onCancel(invite: ServerTransaction): void {
    this.#calls.cancel(invite);
  }

  onAck(request: SipRequest): void {
    this.#calls.acknowledged(request);
  }

  onStrayResponse(): void {
    // The engine has counted it.
  }

  #subscribe(request: SipRequest, respond: (response: SipResponse) => void): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      respond(refusal);
      return;
    }
    const requested = Number(request.header('Expires') ?? DEFAULT_EXPIRES_SECONDS);
    const expires = Math.min(requested, this.#options.maximumExpires);
    if (request.to.parameters.has('tag')) {
      this.#refresh(request, expires, respond);
      return;
    }
    if (this.#subscriptions.size >= this.#options.maximumSubscriptions) {
      const response = request.createResponse(503);
      response.set('Retry-After', '5');
      respond(response);
      return;
    }
    const dialog = new Dialog(request, randomBytes(8).toString('hex'), this.contact);
    const subscription = new Subscription(request, dialog, this.#interval(request), this.#environment);
    this.#subscriptions.set(dialog.id, subscription);
    subscription.accept(request, expires, respond);
  }

  #refresh(request: SipRequest, expires: number, respond: (response: SipResponse) => void): void {
    const subscription = this.#subscriptions.get(Dialog.idOf(request));
    if (subscription === undefined) respond(request.createResponse(481));
    else if (!subscription.dialog.receive(request)) respond(request.createResponse(500));
    else subscription.accept(request, expires, respond);
  }

  #refusal(request: SipRequest): SipResponse | undefined {
    const event = (request.header('Event') ?? '').split(';')[0]?.trim().toLowerCase();
    if (event !== EVENT) {
      const response = request.createResponse(489);
      response.set('Allow-Events', EVENT);
      return response;
    }
    const accept = request.values('Accept').map((value) => value.split(';')[0]?.trim().toLowerCase());
    if (
      accept.length > 0 &&
      !accept.includes(CONTENT_TYPE) &&
      !accept.includes('*/*') &&
      !accept.includes('application/*')
    ) {
      return request.createResponse(406);
    }
    const expires = request.header('Expires');
    if (expires !== undefined && !/^\d{1,10}$/.test(expires)) return request.createResponse(400);
    const seconds = Number(expires ?? DEFAULT_EXPIRES_SECONDS);
    if (seconds > 0 && seconds < this.#options.minimumExpires) {
      const response = request.createResponse(423);
      response.set('Min-Expires', String(this.#options.minimumExpires));
      return response;
    }
    return undefined;
  }

  /** RFC 6446: min-rate is the least number of notifications a second that the subscriber wants. */
  #interval(request: SipRequest): number {
    const rate = Number(/;\s*min-rate\s*=\s*([0-9.]+)/i.exec(request.header('Event') ?? '')?.[1]);
    const configured = this.#options.intervalMilliseconds;
    return rate > 0 ? Math.max(100, Math.min(configured, 1000 / rate)) : configured;
  }

  #sendNotify(notify: SipRequest, dialog: Dialog, outcome: { taken(): void; failed(): void }): void {
    const hop = dialog.nextHop();
    if (hop === undefined || this.#transport === undefined) {
      outcome.failed();
      return;
    }
    const flow: Flow = { transport: this.#transport, peer: { address: hop.host, port: hop.port ?? 5060 } };
    const handler: ClientTransactionHandler = {
      onResponse: (response) => {
        if (response.status >= 300) outcome.failed();
        else if (response.status >= 200) outcome.taken();
      },
      onTimeout: () => {
        outcome.failed();
      },
    };
    this.#engine.request(notify, flow, handler);
  }
}

/** A registrar that remembers nothing: it echoes Contact and Path (RFC 3261 10.3, RFC 3327 5.3). */
function registered(request: SipRequest): SipResponse {
  const response = request.createResponse(200);
  for (const contact of request.headers('Contact')) response.append('Contact', contact);
  for (const path of request.headers('Path')) response.append('Path', path);
  response.set('Expires', request.header('Expires') ?? String(DEFAULT_EXPIRES_SECONDS));
  return response;
}
