import {
  privateIdentity,
  publicIdentity,
  type PushMessage,
  type PushMessageClass,
  type PushPriority,
  type PushStatus,
  type Recipient,
  type Submission,
} from '../../../push/index.ts';

/** The body of POST /pushes, once the schema has approved it (openapi.ts). */
export interface SubmissionBody {
  readonly id?: string;
  readonly recipient: Recipient;
  readonly contentType: string;
  readonly content?: string;
  readonly contentBase64?: string;
  readonly applicationId?: string;
  readonly messageClass?: PushMessageClass;
  readonly priority?: PushPriority;
  readonly deliverAfter?: string;
  readonly deliverBefore?: string;
  readonly notifyUrl?: string;
  readonly replaces?: string;
}

export type SubmissionProblem = 'recipient-invalid' | 'content-invalid' | 'time-invalid';

export type SubmissionReading =
  | { readonly ok: true; readonly submission: Submission }
  | { readonly ok: false; readonly code: SubmissionProblem; readonly detail: string };

export function submissionOf(body: SubmissionBody): SubmissionReading {
  const { recipient, contentType, content, contentBase64, deliverAfter, deliverBefore, ...rest } = body;
  const identity = recipient.type === 'impi' ? privateIdentity(recipient.value) : publicIdentity(recipient.value);
  if (identity === undefined) {
    const expected = recipient.type === 'impi' ? 'user@realm' : 'a SIP or tel URI';
    return { ok: false, code: 'recipient-invalid', detail: `the recipient's value is not ${expected}` };
  }
  const octets = content === undefined ? base64(contentBase64 ?? '') : Buffer.from(content, 'utf8');
  if (octets === undefined) return { ok: false, code: 'content-invalid', detail: 'contentBase64 is no base64' };
  // It would be pushed as another character.
  if (content?.isWellFormed() === false) {
    return {
      ok: false,
      code: 'content-invalid',
      detail: 'content has half of a character that needs two (RFC 8259 8.2)',
    };
  }
  const [after, before] = [milliseconds(deliverAfter), milliseconds(deliverBefore)];
  // RFC 3339 has leap seconds, which no clock of ours shows.
  if (Number.isNaN(after) || Number.isNaN(before)) {
    return {
      ok: false,
      code: 'time-invalid',
      detail: 'deliverAfter or deliverBefore is no time that can be waited for',
    };
  }
  return {
    ok: true,
    submission: {
      ...rest,
      recipient: identity,
      contentType,
      content: octets,
      ...(after === undefined ? {} : { deliverAfter: after }),
      ...(before === undefined ? {} : { deliverBefore: before }),
    },
  };
}

/** What POST /pushes answers. */
export function acceptedJson({
  id,
  recipient,
  priority,
  acceptedAt,
  deliverAfter,
  deliverBefore,
}: PushMessage): object {
  return {
    id,
    state: 'accepted',
    recipient,
    priority,
    acceptedAt: time(acceptedAt),
    ...(deliverAfter === undefined ? {} : { deliverAfter: time(deliverAfter) }),
    deliverBefore: time(deliverBefore),
  };
}

/** What GET /pushes/{id} answers, and a notification in JSON says. */
export function statusJson({ id, recipient, state, attempts, reason, acceptedAt, changedAt }: PushStatus): object {
  return {
    id,
    state,
    recipient,
    attempts,
    ...(reason === undefined ? {} : { reason }),
    acceptedAt: time(acceptedAt),
    changedAt: time(changedAt),
  };
}

/** Undefined for what is none; Buffer.from would skip what it cannot read. */
function base64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64');
  return octets.toString('base64') === text ? octets : undefined;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
