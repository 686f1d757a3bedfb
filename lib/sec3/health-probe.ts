import {
  retryAfterSeconds,
  SipError,
  SipRequest,
  type ClientTransactionHandler,
  type Flow,
  type Scheduler,
  type SipResponse,
  type Timer,
} from '../../sip/index.ts';
import type { SipTarget } from './sip-target.ts';

/** How a target is checked. */
export interface HealthCheckSettings {
  /** From the end of one check to the next. */
  readonly intervalMilliseconds: number;
  /** How long each address may take to answer. */
  readonly timeoutMilliseconds: number;
  /** Failed checks in a row after which it is down. */
  readonly downAfter: number;
  /** Successful checks in a row after which it is up again. */
  readonly upAfter: number;
  /** Statuses besides 2xx that show a server that serves. */
  readonly healthyStatuses: readonly number[];
  readonly maxForwards: number;
}

/** What a check needs of the gateway. */
export interface ProbeEnvironment {
  readonly scheduler: Scheduler;
  /** Sends a request as a client transaction of the engine. */
  send(request: SipRequest, flow: Flow, handler: ClientTransactionHandler): void;
  /** That many octets, unlike any before, in hexadecimal. */
  token(octets: number): string;
  /** The flows to a target, first choice first; empty when its name leads nowhere. Never rejects. */
  flowsTo(target: SipTarget): Promise<readonly Flow[]>;
  onTransition(target: SipTarget, to: 'up' | 'down', cause: string): void;
}

const NO_ADDRESS = 'no address';

const UNAVAILABLE = '503';

/**
 * Checks one target again and again with OPTIONS (RFC 3261 11). A target with several addresses is well when one of them is:
 * they are asked one after the other.
 */
export class HealthProbe {
  readonly target: SipTarget;
  readonly #settings: HealthCheckSettings;
  readonly #environment: ProbeEnvironment;
  #timer: Timer | undefined;
  /** The number of the question whose answer counts; an answer to one before comes too late. */
  #question = 0;
  #stopped = false;

  constructor(target: SipTarget, settings: HealthCheckSettings, environment: ProbeEnvironment) {
    this.target = target;
    this.#settings = settings;
    this.#environment = environment;
  }

  /** @param delay milliseconds until the first check */
  start(delay: number): void {
    this.#timer = this.#environment.scheduler.schedule(delay, run, this);
  }

  stop(): void {
    this.#stopped = true;
    this.#question++;
    this.#timer?.cancel();
  }

  /** Checks once, and then again after the interval. */
  run(): void {
    void this.#environment.flowsTo(this.target).then((flows) => {
      if (!this.#stopped) this.#ask(flows, 0, NO_ADDRESS);
    });
  }

  #ask(flows: readonly Flow[], index: number, lastCause: string): void {
    const flow = flows[index];
    if (flow === undefined) {
      // Silence may be a lost datagram; who says that it cannot serve is believed at once.
      this.#finish(false, lastCause, lastCause === UNAVAILABLE ? 1 : this.#settings.downAfter);
      return;
    }
    const question = ++this.#question;
    const settle = (cause: string, response?: SipResponse): void => {
      if (question !== this.#question) return;
      this.#question++;
      this.#timer?.cancel();
      if (response !== undefined && this.#isHealthy(response.status)) {
        this.#finish(true, cause, this.#settings.upAfter);
        return;
      }
      if (cause === UNAVAILABLE && response !== undefined && flows.length === 1) {
        this.target.leaveAlone(this.#environment.scheduler.now(), retryAfterSeconds(response));
      }
      this.#ask(flows, index + 1, cause);
    };
    const timer = this.#environment.scheduler.schedule(this.#settings.timeoutMilliseconds, () => {
      this.target.state.probes.silent++;
      settle('no answer');
    });
    this.#timer = timer;
    try {
      this.#environment.send(this.#request(flow), flow, {
        onResponse: (response) => {
          if (response.status >= 200) settle(String(response.status), response);
        },
        // The check's own timer is over before that of the transaction, or says the same.
        onTimeout: () => undefined,
      });
    } catch (error) {
      if (!(error instanceof SipError)) throw error;
      // The gateway itself is full; that says nothing about the target.
      this.#question++;
      timer.cancel();
      this.#again();
    }
  }

  #isHealthy(status: number): boolean {
    return (status >= 200 && status < 300) || this.#settings.healthyStatuses.includes(status);
  }

  #finish(healthy: boolean, cause: string, threshold: number): void {
    const { state } = this.target;
    state.probes[healthy ? 'healthy' : 'unhealthy']++;
    const to = state.checked(healthy, threshold);
    if (to !== undefined) this.#environment.onTransition(this.target, to, cause);
    this.#again();
  }

  #again(): void {
    if (!this.#stopped) this.start(this.#settings.intervalMilliseconds);
  }

  #request(flow: Flow): SipRequest {
    const { uri } = this.target;
    const request = new SipRequest('OPTIONS', uri);
    request.append('Max-Forwards', String(this.#settings.maxForwards));
    request.append('From', `<sip:${flow.transport.sentBy}>;tag=${this.#environment.token(6)}`);
    request.append('To', `<${uri}>`);
    request.append('Call-ID', this.#environment.token(12));
    request.append('CSeq', '1 OPTIONS');
    request.append('Accept', 'application/sdp');
    return request;
  }
}

function run(probe: HealthProbe): void {
  probe.run();
}
