import type { Core } from 'sip.js';
import { UserAgent, type URI } from 'sip.js';

import { OsgateError } from '../errors.ts';
import type { DatagramCarrier } from './datagram-carrier.ts';
import type { DigestSource } from './digest-source.ts';
import { SipJsDigest } from './sip-js-digest.ts';
import { SipJsTransport } from './sip-js-transport.ts';

export interface SipAgentOptions {
  readonly carrier: DatagramCarrier;
  /** The IMPU that requests come from. */
  readonly publicIdentity: string;
  readonly digest: DigestSource;
}

/** The final answer to a request. */
export interface AgentResponse {
  readonly status: number;
  readonly reason: string;
}

export interface AgentRequest {
  readonly method: string;
  /** A SIP URI. */
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: { readonly content: string; readonly contentType: string };
}

/** One NOTIFY (RFC 6665 4.1.3). */
export interface Notification {
  /** active, pending or terminated. */
  readonly state: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

export interface AgentSubscription {
  /** Resolves when the subscription is over, with the reason that the notifier gave, if any. */
  readonly ended: Promise<string | undefined>;
  /** Ends the subscription; its last NOTIFY still comes. */
  unsubscribe(): void;
}

export interface SubscribeOptions {
  readonly target: string;
  readonly event: string;
  /** Seconds. */
  readonly expires: number;
  readonly accept: string;
  readonly onNotify: (notification: Notification) => void;
}

/** A subscription of one dialog. */
interface DialogSubscription extends AgentSubscription {
  /** Forgets the dialog without a word to the notifier. */
  drop(): void;
}

/**
 * The agent's SIP user agent: sip.js over a transport of ours, everything through the gateway, digest with keys of GBA or of GBA Push.
 *
 * When the gateway goes on challenging after a right answer it does not know the B-TID any more: the agent then
 * bootstraps again, once, and repeats the request (TS 24.109 5.2.5).
 */
export class SipAgent {
  readonly #userAgent: UserAgent;
  readonly #transport: SipJsTransport;
  readonly #source: DigestSource;
  /** Those that run, each with how it begins again. */
  readonly #subscriptions = new Set<() => void>();
  #digest: SipJsDigest | undefined;

  private constructor(options: SipAgentOptions, transport: SipJsTransport, from: URI) {
    this.#source = options.digest;
    this.#transport = transport;
    const { host, port } = splitHostPort(transport.sentBy);
    this.#userAgent = new UserAgent({
      uri: from,
      // sip.js makes its transport itself; ours must be bound before, for Contact to know its port.
      transportConstructor: fixedTransport(transport),
      viaHost: host,
      forceRport: true,
      contactName: from.user ?? 'agent',
      contactParams:
        options.carrier.transportParameter === undefined ? {} : { transport: options.carrier.transportParameter },
      logBuiltinEnabled: false,
      gracefulShutdown: false,
      userAgentString: 'osgate 3gpp-gba',
    });
    this.#userAgent.contact.uri.port = port;
    this.#userAgent.userAgentCore.configuration.authenticationFactory = () => this.#digest;
    transport.onNewWay = () => {
      for (const beginAgain of this.#subscriptions) beginAgain();
    };
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED; OsgateError OSGATE_AGENT_REFUSED for an identity that is no SIP URI */
  static async start(options: SipAgentOptions): Promise<SipAgent> {
    const from = UserAgent.makeURI(options.publicIdentity);
    if (from === undefined) throw new OsgateError('OSGATE_AGENT_REFUSED', `${options.publicIdentity} is no SIP URI`);
    const transport = new SipJsTransport(options.carrier);
    await transport.connect();
    const agent = new SipAgent(options, transport, from);
    await agent.#userAgent.start();
    return agent;
  }

  /**
   * Sends a request and waits for its final answer.
   *
   * @throws OsgateError OSGATE_AGENT_NETWORK without an answer, OSGATE_AGENT_BOOTSTRAPPING, OSGATE_UICC
   */
  async request(request: AgentRequest): Promise<AgentResponse> {
    return this.#withFreshKeys(() => this.#requestOnce(request));
  }

  /** REGISTER of the public identity, for `expires` seconds; 0 takes the registration back. */
  async register(expires: number): Promise<AgentResponse> {
    const { uri } = this.#userAgent.configuration;
    return this.request({
      method: 'REGISTER',
      target: `sip:${uri.host}`,
      headers: [this.#contactHeader(), `Expires: ${expires}`],
    });
  }

  /**
   * Subscribes to an event package at a target (RFC 6665) and keeps the subscription fresh; with `expires` 0 the
   * notifier sends its state once. When the way to the gateway is a new one, so is the dialog: the route of the old one
   * leads to where the agent is no more (RFC 5626 5.3).
   *
   * @throws OsgateError OSGATE_AGENT_REFUSED when the subscription is refused, and as {@link request}
   */
  async subscribe(options: SubscribeOptions): Promise<AgentSubscription> {
    const ended = Promise.withResolvers<string | undefined>();
    let current = await this.#subscribeInNewDialog(options);
    let isOver = false;
    const finish = (reason: string | undefined): void => {
      isOver = true;
      this.#subscriptions.delete(beginAgain);
      ended.resolve(reason);
    };
    const follow = (subscription: DialogSubscription): void => {
      void subscription.ended.then((reason) => {
        if (subscription === current) finish(reason);
      });
    };
    const beginAgain = (): void => {
      this.#subscribeInNewDialog(options).then(
        (next) => {
          current.drop();
          current = next;
          follow(next);
          if (isOver) next.unsubscribe();
        },
        (error: unknown) => {
          finish(error instanceof Error ? error.message : String(error));
        },
      );
    };
    this.#subscriptions.add(beginAgain);
    follow(current);
    return {
      ended: ended.promise,
      unsubscribe: () => {
        this.#subscriptions.delete(beginAgain);
        current.unsubscribe();
      },
    };
  }

  async #subscribeInNewDialog(options: SubscribeOptions): Promise<DialogSubscription> {
    let subscription: DialogSubscription | undefined;
    const response = await this.#withFreshKeys(async () => {
      const outcome = await this.#subscribeOnce(options);
      subscription = outcome.subscription;
      return outcome.response;
    });
    if (subscription === undefined) {
      throw new OsgateError('OSGATE_AGENT_REFUSED', `refused: ${response.status} ${response.reason}`);
    }
    return subscription;
  }

  async close(): Promise<void> {
    await this.#userAgent.stop();
    await this.#transport.dispose();
  }

  async #withFreshKeys(attempt: () => Promise<AgentResponse>): Promise<AgentResponse> {
    await this.#useKeys(false);
    let response = await attempt();
    for (let left = this.#source.kinds; left > 0 && isChallenge(response); left--) {
      await this.#useKeys(true);
      response = await attempt();
    }
    return this.#checked(response);
  }

  async #useKeys(renew: boolean): Promise<void> {
    const identity = await this.#source.credentials(renew);
    this.#digest = new SipJsDigest(this.#userAgent.getLoggerFactory(), identity, (callId) =>
      this.#transport.takeChallenges(callId),
    );
  }

  #checked(response: AgentResponse): AgentResponse {
    // sip.js makes an answer of its own up when none came.
    if (response.status === 408 && response.reason === 'Request Timeout') {
      throw new OsgateError('OSGATE_AGENT_NETWORK', 'no answer from the gateway');
    }
    return response;
  }

  async #requestOnce(request: AgentRequest): Promise<AgentResponse> {
    const message = this.#message(request);
    return new Promise((resolve, reject) => {
      const settle = (response: Core.IncomingResponse): void => {
        resolve(this.#read(response));
      };
      this.#userAgent.userAgentCore.request(message, {
        onAccept: (response) => {
          if (this.#isFromOurGateway(response.message)) settle(response);
          else reject(falseGateway());
        },
        onRedirect: settle,
        onReject: settle,
      });
    });
  }

  async #subscribeOnce(
    options: SubscribeOptions,
  ): Promise<{ response: AgentResponse; subscription?: DialogSubscription }> {
    const message = this.#message({
      method: 'SUBSCRIBE',
      target: options.target,
      headers: [
        this.#contactHeader(),
        `Event: ${options.event}`,
        `Expires: ${options.expires}`,
        `Accept: ${options.accept}`,
      ],
    });
    const ended = Promise.withResolvers<string | undefined>();
    let dialog: Core.Subscription | undefined;
    let unsubscribing = false;
    const notified = (request: Core.IncomingRequestWithSubscription | Core.IncomingNotifyRequest): void => {
      const { message: notify } = 'request' in request ? request.request : request;
      const state = notify.getHeader('Subscription-State') ?? '';
      options.onNotify({
        state: state.split(';')[0]?.trim().toLowerCase() ?? '',
        contentType: notify.getHeader('Content-Type'),
        body: notify.body,
      });
      if (state.toLowerCase().startsWith('terminated')) ended.resolve(/reason=([^;\s]+)/i.exec(state)?.[1]);
    };
    return new Promise((resolve, reject) => {
      this.#userAgent.userAgentCore.subscribe(message, {
        onAccept: (response) => {
          if (!this.#isFromOurGateway(response.message)) {
            reject(falseGateway());
            return;
          }
          resolve({
            response: this.#read(response),
            subscription: {
              ended: ended.promise,
              unsubscribe: () => {
                if (unsubscribing) return;
                unsubscribing = true;
                if (dialog === undefined) ended.resolve(undefined);
                else unsubscribe(dialog);
              },
              drop: () => {
                dialog?.dispose();
              },
            },
          });
        },
        onReject: (response) => {
          resolve({ response: this.#read(response) });
        },
        onNotify: (first) => {
          first.request.accept();
          if (first.subscription !== undefined) {
            dialog = first.subscription;
            dialog.autoRefresh = true;
            dialog.delegate = {
              onNotify: (request) => {
                request.accept();
                notified(request);
              },
              onTerminated: () => {
                ended.resolve(undefined);
              },
            };
          }
          notified(first);
        },
        onNotifyTimeout: () => {
          ended.resolve('no NOTIFY came');
        },
      });
    });
  }

  #message(request: AgentRequest): Core.OutgoingRequestMessage {
    const { uri: from } = this.#userAgent.configuration;
    const target = UserAgent.makeURI(request.target);
    if (target === undefined) throw new OsgateError('OSGATE_AGENT_REFUSED', `${request.target} is no SIP URI`);
    const to = request.method === 'REGISTER' ? from : target;
    const body = request.body === undefined ? undefined : { contentDisposition: 'render', ...request.body };
    const headers = [...(request.headers ?? [])];
    return this.#userAgent.userAgentCore.makeOutgoingRequestMessage(
      request.method,
      target,
      from,
      to,
      {},
      headers,
      body,
    );
  }

  /** LOCSIP clients say what they are in Contact (RFC 3840). */
  #contactHeader(): string {
    return `Contact: <${this.#userAgent.contact.uri.toString()}>;+g.oma.locsip`;
  }

  #isFromOurGateway(message: Core.IncomingResponseMessage): boolean {
    const info = message.getHeader('Proxy-Authentication-Info') ?? message.getHeader('Authentication-Info');
    return this.#digest?.provesPeer(info, message.body) ?? true;
  }

  #read({ message }: Core.IncomingResponse): AgentResponse {
    return { status: message.statusCode ?? 0, reason: message.reasonPhrase ?? '' };
  }
}

/** SUBSCRIBE with Expires 0 in the dialog (RFC 6665 4.1.2.3). */
function unsubscribe(dialog: Core.Subscription): void {
  dialog.autoRefresh = false;
  dialog.unsubscribe();
}

function falseGateway(): OsgateError {
  return new OsgateError('OSGATE_AGENT_REFUSED', 'the answer does not prove that it comes from the gateway (rspauth)');
}

function fixedTransport(transport: SipJsTransport): new () => SipJsTransport {
  return function give() {
    return transport;
  } as unknown as new () => SipJsTransport;
}

function isChallenge({ status }: AgentResponse): boolean {
  return status === 401 || status === 407;
}

function splitHostPort(sentBy: string): { host: string; port: number } {
  const colon = sentBy.lastIndexOf(':');
  return { host: sentBy.slice(0, colon), port: Number(sentBy.slice(colon + 1)) };
}
