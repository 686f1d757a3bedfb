import type { CarrierResult } from '../../../push/index.ts';
import type {
  ClientTransactionHandler,
  Flow,
  FlowSizing,
  Scheduler,
  SipRequest,
  SipResponse,
  TransactionEngine,
} from '../../../sip/index.ts';
import { mediaTypeOf } from '../media-type.ts';
import { failureOf, isOfTheFlow } from './sip-outcomes.ts';

/** How one MESSAGE to one place ended. */
export interface AttemptResult {
  readonly result: CarrierResult;
  /** True when another place may have more luck with the same message. */
  readonly tryNext: boolean;
  readonly response?: SipResponse;
}

export interface AttemptParts {
  readonly engine: Pick<TransactionEngine, 'request'>;
  readonly scheduler: Scheduler;
  /** The MIME type of what is a reply in the body of a 2xx. */
  readonly replyType: string;
  /** How long the place may take. Its transaction goes on until the end: what comes late is handed to `late`. */
  readonly timeoutMilliseconds: number;
  readonly late: (reply: Buffer) => void;
  readonly sizing?: FlowSizing;
}

/** Sends a MESSAGE as a client transaction, and says how it ended. Never rejects. */
export function attemptMessage(request: SipRequest, flow: Flow, parts: AttemptParts): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const attempt = new Attempt(parts, resolve);
    try {
      parts.engine.request(request, flow, attempt, parts.sizing === undefined ? {} : { sizing: parts.sizing });
    } catch {
      // As many client transactions as there may be.
      attempt.end({ result: failed('sip-overloaded'), tryNext: false });
    }
  });
}

class Attempt implements ClientTransactionHandler {
  readonly #parts: AttemptParts;
  readonly #timer;
  #resolve: ((result: AttemptResult) => void) | undefined;

  constructor(parts: AttemptParts, resolve: (result: AttemptResult) => void) {
    this.#parts = parts;
    this.#resolve = resolve;
    this.#timer = parts.scheduler.schedule(parts.timeoutMilliseconds, timeOut, this);
  }

  end(result: AttemptResult): void {
    this.#timer.cancel();
    this.#resolve?.(result);
    this.#resolve = undefined;
  }

  onResponse(response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    if (status >= 300) {
      this.end({ result: failureOf(response), tryNext: isOfTheFlow(status), response });
      return;
    }
    const reply = replyOf(response, this.#parts.replyType);
    // Nobody waits any more, but a receipt still counts.
    if (this.#resolve === undefined && reply !== undefined) this.#parts.late(reply);
    this.end({
      result: reply === undefined ? { outcome: 'answered' } : { outcome: 'answered', reply },
      tryNext: false,
      response,
    });
  }

  onTimeout(): void {
    this.end({ result: failed('sip-timeout'), tryNext: true });
  }

  onTransportError(): void {
    this.end({ result: failed('sip-transport'), tryNext: true });
  }
}

function timeOut(attempt: Attempt): void {
  attempt.onTimeout();
}

function failed(reason: string): CarrierResult {
  return { outcome: 'failed', temporary: true, reason };
}

function replyOf(response: SipResponse, replyType: string): Buffer | undefined {
  const type = response.header('Content-Type');
  if (type === undefined || mediaTypeOf(type) !== replyType) return undefined;
  return response.bodyBytes();
}
