import {
  PAP_CODES,
  papAddressOf,
  papStateOf,
  readPap,
  recipientOfPapAddress,
  SUBMISSION_REFUSALS,
  writePapAnswer,
  type Initiator,
  type PapAnswer,
  type PapCode,
  type PapPushMessage,
  type PapRequest,
  type PushDesk,
  type PushStatus,
  type Submission,
  type SubmissionOutcome,
} from '../../../push/index.ts';
import { papCodeOfEnd, papCodeOfRefusal } from './pap-codes-of.ts';
import { readPapEntities, type PapContent } from './pap-entities.ts';

export interface PapReply {
  readonly document: string;
  readonly result: PapCode;
}

/** Serves the Push Access Protocol: a request in, the document that answers it out. */
export class PapService {
  readonly #desk: PushDesk;
  readonly #host: string;
  readonly #now: () => number;

  /** @param host the name of the push proxy in addresses */
  constructor(desk: PushDesk, host: string, now: () => number = Date.now) {
    this.#desk = desk;
    this.#host = host;
    this.#now = now;
  }

  /** Rejects with PushError OSGATE_PUSH_QUEUE when the queue cannot be used. */
  async serve(initiator: Initiator, contentType: string, body: Buffer): Promise<PapReply> {
    const entities = readPapEntities(contentType, body);
    if (!entities.ok) return badMessage(entities.result, entities.detail);
    const reading = readPap(entities.control);
    if (!reading.ok) return badMessage(PAP_CODES.badRequest, reading.problem);
    return replyOf(await this.#answer(initiator, reading.request, entities.content));
  }

  async #answer(initiator: Initiator, request: PapRequest, content: PapContent | undefined): Promise<PapAnswer> {
    switch (request.kind) {
      case 'push':
        return this.#push(initiator, request, content);
      case 'cancel':
        return this.#cancel(initiator, request.pushId, request.addresses);
      case 'status-query':
        return this.#status(initiator, request.pushId, request.addresses);
      case 'not-implemented':
        return { kind: 'bad-message', result: PAP_CODES.notImplemented, detail: request.element };
    }
  }

  async #push(initiator: Initiator, request: PapPushMessage, content: PapContent | undefined): Promise<PapAnswer> {
    const { pushId, progressNotesRequested } = request;
    const answer = (result: PapCode, detail?: string): PapAnswer => {
      const time = this.#now();
      const accepted = result === PAP_CODES.acceptedForProcessing;
      return {
        kind: 'push',
        pushId,
        result,
        ...(detail === undefined ? {} : { detail }),
        replyTime: time,
        ...(progressNotesRequested && accepted
          ? { progress: { stage: 'accepted', note: 'the push is on disk', time } }
          : {}),
      };
    };
    const [address, ...others] = request.addresses;
    if (others.length > 0) return answer(PAP_CODES.multipleAddressesNotSupported, 'one address a push');
    const recipient = recipientOfPapAddress(address ?? '');
    if (recipient === undefined) return answer(PAP_CODES.addressError, `${address ?? ''} names no subscriber`);
    const impossible = impossibleService(request);
    if (impossible !== undefined) return answer(...impossible);
    if (content === undefined) return answer(PAP_CODES.badRequest, 'the push has no content entity');
    const outcome = await this.#submit(initiator, request, { ...content, recipient });
    return outcome.accepted
      ? answer(PAP_CODES.acceptedForProcessing)
      : answer(papCodeOfRefusal(outcome.reason), `${outcome.reason}, ${SUBMISSION_REFUSALS[outcome.reason]}`);
  }

  async #submit(
    initiator: Initiator,
    request: PapPushMessage,
    content: PapContent & Pick<Submission, 'recipient'>,
  ): Promise<SubmissionOutcome> {
    const { pushId, deliverAfter, deliverBefore, notifyUrl, priority, replacePushId, replaceMethod } = request;
    const submission: Submission = {
      ...content,
      id: pushId,
      priority,
      ...(deliverAfter === undefined ? {} : { deliverAfter }),
      ...(deliverBefore === undefined ? {} : { deliverBefore }),
      ...(notifyUrl === undefined ? {} : { notifyUrl }),
    };
    if (replacePushId === undefined) return this.#desk.submit(initiator, submission);
    const outcome = await this.#desk.submit(initiator, { ...submission, replaces: replacePushId });
    // replace-method="all": whoever has the old push already gets the new one as well (OMA-TS-PAP 9.2.1).
    const after = replaceMethod === 'all' && !outcome.accepted && outcome.reason === 'replaced-too-late';
    return after ? this.#desk.submit(initiator, submission) : outcome;
  }

  async #cancel(initiator: Initiator, pushId: string, addresses: readonly string[]): Promise<PapAnswer> {
    const found = await this.#find(initiator, pushId, addresses);
    if (!('status' in found)) return { kind: 'cancel', pushId, result: found.result, addresses };
    const outcome = await this.#desk.cancel(initiator, pushId);
    const result = {
      cancelled: PAP_CODES.ok,
      'too-late': PAP_CODES.cancellationNotPossible,
      unknown: PAP_CODES.pushIdNotFound,
    }[outcome];
    return { kind: 'cancel', pushId, result, addresses: [this.#addressOf(found.status, addresses)] };
  }

  async #status(initiator: Initiator, pushId: string, addresses: readonly string[]): Promise<PapAnswer> {
    const found = await this.#find(initiator, pushId, addresses);
    if (!('status' in found)) return { kind: 'status-query', pushId, result: found.result, addresses };
    const { status } = found;
    return {
      kind: 'status-query',
      pushId,
      result: papCodeOfEnd(status),
      addresses: [this.#addressOf(status, addresses)],
      state: papStateOf(status.state),
      eventTime: status.changedAt,
    };
  }

  /** The push, if one of the addresses is that of its subscriber; a request without addresses means all that it has. */
  async #find(
    initiator: Initiator,
    pushId: string,
    addresses: readonly string[],
  ): Promise<{ readonly status: PushStatus } | { readonly result: PapCode }> {
    const status = await this.#desk.status(initiator, pushId);
    if (status === undefined) return { result: PAP_CODES.pushIdNotFound };
    const { type, value } = status.recipient;
    const named = addresses.map(recipientOfPapAddress);
    const meant = named.length === 0 || named.some((one) => one?.type === type && one.value === value);
    return meant ? { status } : { result: PAP_CODES.addressNotFound };
  }

  /** As the initiator wrote it, where it did. */
  #addressOf({ recipient }: PushStatus, addresses: readonly string[]): string {
    const asked = addresses.find((address) => recipientOfPapAddress(address)?.value === recipient.value);
    return asked ?? papAddressOf(recipient, this.#host);
  }
}

/** The answer to what is no request of PAP. */
export function badMessage(result: PapCode, detail: string): PapReply {
  return replyOf({ kind: 'bad-message', result, detail });
}

function replyOf(answer: PapAnswer): PapReply {
  return { document: writePapAnswer(answer), result: answer.result };
}

/** Every push is confirmed by the agent, and carriers are chosen by the gateway: what asks for something else cannot be had. */
function impossibleService(request: PapPushMessage): [result: PapCode, detail: string] | undefined {
  if (request.deliveryMethod === 'unconfirmed') {
    return [PAP_CODES.deliveryMethodNotPossible, 'agents confirm every push'];
  }
  if (request.networkRequired) return [PAP_CODES.requiredNetworkNotAvailable, 'the gateway chooses the carrier'];
  if (request.bearerRequired) return [PAP_CODES.requiredBearerNotAvailable, 'the gateway chooses the carrier'];
  return undefined;
}
