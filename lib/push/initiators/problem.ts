import { STATUS_CODES } from 'node:http';

import type { SubmissionRefusal } from '../../../push/index.ts';

/** The body of an answer that is no success (RFC 9457), application/problem+json. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  /** One word for programs. */
  readonly code: string;
  /** For people. */
  readonly detail: string;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

export function problem(status: number, code: string, detail: string): Problem {
  return { status, title: STATUS_CODES[status] ?? 'Unknown', code, detail };
}

export function statusOfSubmissionRefusal(reason: SubmissionRefusal): 400 | 403 | 404 | 409 | 413 | 429 | 503 {
  switch (reason) {
    case 'content-type-invalid':
    case 'application-id-invalid':
    case 'id-invalid':
    case 'deliver-before-past':
    case 'deliver-before-far':
      return 400;
    case 'recipient-forbidden':
    case 'application-forbidden':
    case 'message-class-forbidden':
    case 'notify-url-forbidden':
    case 'priority-forbidden':
      return 403;
    case 'replaced-unknown':
      return 404;
    case 'duplicate':
    case 'replaced-too-late':
      return 409;
    case 'content-too-large':
      return 413;
    case 'rate-limited':
    case 'initiator-full':
      return 429;
    case 'queue-full':
    case 'subscriber-full':
      return 503;
  }
}
