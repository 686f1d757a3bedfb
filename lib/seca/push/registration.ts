import { randomBytes } from 'node:crypto';

import {
  parseDecimal,
  parseNameAddress,
  retryAfterSeconds,
  SipRequest,
  type Flow,
  type Scheduler,
  type SipResponse,
  type Timer,
  type TransactionEngine,
} from '../../../sip/index.ts';
import { OsgateError } from '../../errors.ts';
import { BackOff, type BackOffOptions } from '../association/back-off.ts';
import { DigestAnswers, type SipCredentials } from './digest-answers.ts';

export interface RegistrationOptions {
  readonly engine: Pick<TransactionEngine, 'request'>;
  readonly scheduler: Scheduler;
  readonly flow: Flow;
  /** Address of record: To and From. */
  readonly publicIdentity: string;
  /** Request-URI. */
  readonly registrar: string;
  /** Value of Contact, without `expires`. */
  readonly contact: string;
  /** What is asked for. */
  readonly seconds: number;
  readonly credentials: readonly SipCredentials[];
  readonly backOff: BackOffOptions;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly events: {
    readonly registered?: ((seconds: number) => void) | undefined;
    readonly notRegistered?: ((reason: string, waitMilliseconds: number) => void) | undefined;
  };
}

/** Challenges of gateway and registrar, a nonce that is too old, new keys, an interval that is too short: no more. */
const MAXIMUM_REQUESTS = 8;

/** Binds the agent's flow to its public identity, and keeps it so: refreshed in time, made anew when it is lost (RFC 3261 10.2, RFC 5626 4.2). */
export class Registration {
  readonly counters = { registered: 0, refused: 0, unanswered: 0 };
  readonly #options: RegistrationOptions;
  readonly #backOff: BackOff;
  readonly #callId = randomBytes(ID_OCTETS).toString('hex');
  #sequence = 0;
  #seconds: number;
  #timer: Timer | undefined;
  #attempt: Promise<void> | undefined;
  #again = false;
  #isBound = false;
  /** The last attempt failed, and the next one waits. */
  #isTrying = false;
  #isClosed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.backOff);
    this.#seconds = options.seconds;
  }

  /**
   * Registers for the first time; afterwards it is kept up without anybody asking.
   *
   * @throws OsgateError OSGATE_AGENT_REFUSED, OSGATE_AGENT_NETWORK, and what getting credentials throws
   */
  async open(): Promise<void> {
    await this.#register();
  }

  /** What the gateway knew of the flow is gone, or may be. */
  renew(): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    if (this.#attempt !== undefined) {
      // It may have gone the old way.
      this.#again = true;
      return;
    }
    this.#begin();
  }

  /** The gateway is silent: another registration shows when it is back, unless one is tried already. */
  lost(): void {
    if (this.#attempt === undefined && !this.#isTrying) this.renew();
  }

  /** Takes the registration back, if there is one, and waits for the answer so long at most. */
  async close(waitMilliseconds: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    if (!this.#isBound) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#options.scheduler.schedule(waitMilliseconds, resolve, undefined);
    // Nobody is there any more to hear that it failed; it ends by itself then.
    const farewell = this.#exchange(0).catch(() => undefined);
    await Promise.race([farewell, promise]);
  }

  #begin(): void {
    this.#attempt = this.#register()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#failed(error);
      })
      .finally(() => {
        this.#attempt = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.renew();
      });
  }

  async #register(): Promise<void> {
    const response = await this.#exchange(this.#seconds);
    const { status, reason } = response;
    if (status < 200 || status > 299) {
      this.counters.refused++;
      throw new Refusal(`${status} ${reason}`, retryAfter(response));
    }
    this.counters.registered++;
    this.#isBound = true;
    this.#isTrying = false;
    this.#backOff.reset();
    const granted = Math.max(grantedSeconds(response, this.#options.contact) ?? this.#seconds, SHORTEST_SECONDS);
    this.#options.events.registered?.(granted);
    const { random = Math.random } = this.#options;
    // Before it ends, and not all agents at once after a restart of the gateway.
    this.#beginLater(granted * 1000 * (0.5 + 0.4 * random()));
  }

  #failed(error: unknown): void {
    this.#isTrying = true;
    const asked = error instanceof Refusal ? error.retryAfterMilliseconds : 0;
    const wait = Math.max(this.#backOff.next(), asked);
    this.#options.events.notRegistered?.(error instanceof Error ? error.message : String(error), wait);
    this.#beginLater(wait);
  }

  #beginLater(milliseconds: number): void {
    if (this.#isClosed) return;
    this.#timer = this.#options.scheduler.schedule(milliseconds, () => {
      if (this.#attempt === undefined) this.#begin();
    });
  }

  /** A REGISTER until nothing more can be done about its answer. */
  async #exchange(seconds: number): Promise<SipResponse> {
    const answers = new DigestAnswers(this.#options.credentials);
    const request = this.#request(seconds);
    for (let sent = 1; ; sent++) {
      const response = await this.#send(request.clone());
      if (!answers.provesPeer(response)) {
        throw new OsgateError('OSGATE_AGENT_REFUSED', 'the answer does not come from who shares the key (rspauth)');
      }
      if (sent >= MAXIMUM_REQUESTS) return response;
      if (response.status === 423) {
        const minimum = parseDecimal(response.header('Min-Expires') ?? '', MAXIMUM_SECONDS);
        if (seconds === 0 || minimum === undefined || minimum <= this.#seconds) return response;
        this.#seconds = minimum;
        request.set('Expires', String(minimum));
      } else if (!(await answers.answer(request, response))) return response;
      request.set('CSeq', `${++this.#sequence} REGISTER`);
    }
  }

  #send(request: SipRequest): Promise<SipResponse> {
    const { engine, flow } = this.#options;
    return new Promise((resolve, reject) => {
      const unanswered = (): void => {
        this.counters.unanswered++;
        reject(new OsgateError('OSGATE_AGENT_NETWORK', 'no answer from the gateway'));
      };
      engine.request(request, flow, {
        onResponse: (response) => {
          if (response.status >= 200) resolve(response);
        },
        onTimeout: unanswered,
        onTransportError: unanswered,
      });
    });
  }

  #request(seconds: number): SipRequest {
    const { registrar, publicIdentity, contact } = this.#options;
    const request = new SipRequest('REGISTER', registrar);
    request.set('Max-Forwards', '70');
    request.set('From', `<${publicIdentity}>;tag=${randomBytes(ID_OCTETS).toString('hex')}`);
    request.set('To', `<${publicIdentity}>`);
    request.set('Call-ID', this.#callId);
    request.set('CSeq', `${++this.#sequence} REGISTER`);
    request.set('Contact', contact);
    request.set('Expires', String(seconds));
    request.set('Supported', 'path, outbound');
    request.set('User-Agent', 'osgate');
    return request;
  }
}

const ID_OCTETS = 8;
const MAXIMUM_SECONDS = 0x7fff_ffff;

/** A registrar that grants less would be asked all the time. */
const SHORTEST_SECONDS = 10;

/** A final answer that is no success. */
class Refusal extends OsgateError {
  readonly retryAfterMilliseconds: number;

  constructor(answer: string, retryAfterMilliseconds: number) {
    super('OSGATE_AGENT_REFUSED', `REGISTER was refused: ${answer}`);
    this.retryAfterMilliseconds = retryAfterMilliseconds;
  }
}

/** The longest that a gateway may ask to wait. */
const MAXIMUM_RETRY_AFTER_SECONDS = 3600;

function retryAfter(response: SipResponse): number {
  return Math.min(retryAfterSeconds(response) ?? 0, MAXIMUM_RETRY_AFTER_SECONDS) * 1000;
}

/** What stands at our Contact among those of the answer, or in Expires (RFC 3261 10.2.4). */
function grantedSeconds(response: SipResponse, contact: string): number | undefined {
  const uri = parseNameAddress(contact)?.uri;
  const own = response
    .values('Contact')
    .map(parseNameAddress)
    .find((value) => value?.uri === uri);
  return parseDecimal(own?.parameters.get('expires') ?? response.header('Expires') ?? '', MAXIMUM_SECONDS);
}
