import { GPI_CONTENT_TYPE, PUSH_PACKAGE_CONTENT_TYPE } from '../../../push/index.ts';
import {
  peerKey,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type TransactionUser,
} from '../../../sip/index.ts';
import { mediaTypeOf } from '../../push/media-type.ts';
import type { IntakeAnswer, PushIntake } from './push-intake.ts';

const ALLOW = 'MESSAGE, OPTIONS';
const ACCEPT = `${PUSH_PACKAGE_CONTENT_TYPE}, ${GPI_CONTENT_TYPE}`;

/** Seconds after which a gateway may come again that was turned away for want of room. */
const RETRY_AFTER_SECONDS = '5';

/** The agent as a user agent server: pushes come as MESSAGE (RFC 3428), and the answer has the agent's package in it. */
export class PushUserAgent implements TransactionUser {
  readonly counters = { messages: 0, otherRequests: 0, unsupportedMedia: 0 };
  readonly #intake: PushIntake;

  constructor(intake: PushIntake) {
    this.#intake = intake;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const { method } = request;
    if (method !== 'MESSAGE') {
      this.counters.otherRequests++;
      transaction.respond(answerOther(request));
      return;
    }
    this.counters.messages++;
    const source = `sip ${peerKey(flow.peer)}`;
    const answer = this.#take(request, source);
    if (answer === undefined) {
      this.counters.unsupportedMedia++;
      transaction.respond(unsupported(request));
      return;
    }
    // The intake never rejects. The transaction answers copies of the request, before and after.
    void answer.then((outcome) => {
      transaction.respond(respond(request, outcome));
    });
  }

  onCancel(): void {
    // INVITE is never pending here.
  }

  onAck(): void {
    // Nor is there a dialog.
  }

  onStrayResponse(): void {
    // An answer to a REGISTER that was given up.
  }

  /** Undefined for what is no push. */
  #take(request: SipRequest, source: string): Promise<IntakeAnswer> | undefined {
    if (request.has('Require') || request.has('Content-Encoding')) return undefined;
    switch (mediaTypeOf(request.header('Content-Type') ?? '')) {
      case PUSH_PACKAGE_CONTENT_TYPE:
        return this.#intake.take(request.bodyBytes(), source);
      case GPI_CONTENT_TYPE:
        return this.#intake.takeEnvelope(request.bodyBytes(), source);
      default:
        return undefined;
    }
  }
}

function respond(request: SipRequest, answer: IntakeAnswer): SipResponse {
  switch (answer.outcome) {
    case 'taken': {
      const response = request.createResponse(200);
      if (answer.reply !== undefined) response.setBody(answer.reply, PUSH_PACKAGE_CONTENT_TYPE);
      return response;
    }
    case 'refused':
      // Which check failed is for the log alone: it would tell a forger how far he has come.
      return request.createResponse(488);
    case 'busy': {
      const response = request.createResponse(503);
      response.set('Retry-After', RETRY_AFTER_SECONDS);
      return response;
    }
    case 'failed':
      return request.createResponse(500);
  }
}

function answerOther(request: SipRequest): SipResponse {
  const { method } = request;
  const status = method === 'OPTIONS' ? 200 : method === 'CANCEL' ? 481 : 405;
  const response = request.createResponse(status);
  if (status !== 481) response.set('Allow', ALLOW);
  if (status === 200) response.set('Accept', ACCEPT);
  return response;
}

/** RFC 3261 8.2.2.3, 8.2.3. */
function unsupported(request: SipRequest): SipResponse {
  const required = request.values('Require');
  if (required.length > 0) {
    const response = request.createResponse(420);
    response.set('Unsupported', required.join(', '));
    return response;
  }
  const response = request.createResponse(415);
  response.set('Accept', ACCEPT);
  if (request.has('Content-Encoding')) response.set('Accept-Encoding', 'identity');
  return response;
}
