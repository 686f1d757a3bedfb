import { AUTHENTICATION_REFUSALS } from './authentication-refusals.ts';
import { PUSH_MESSAGE_CLASSES, SUBMISSION_REFUSALS } from '../../../push/index.ts';

const TIME = { type: 'string', format: 'date-time' } as const;
const PRIORITY = { type: 'string', enum: ['high', 'medium', 'low'] } as const;
const ID = {
  type: 'string',
  pattern: '^[!-~]{1,255}$',
  description: 'Unique among the pushes of the initiator.',
} as const;

const RECIPIENT = {
  type: 'object',
  description: 'A subscriber: private identity (user@realm), or public identity (SIP or tel URI).',
  required: ['type', 'value'],
  additionalProperties: false,
  properties: {
    type: { type: 'string', enum: ['impi', 'impu'] },
    value: { type: 'string', minLength: 1, maxLength: 255 },
  },
} as const;

export const SUBMISSION_SCHEMA = {
  type: 'object',
  required: ['recipient', 'contentType'],
  additionalProperties: false,
  properties: {
    id: { ...ID, description: 'Unique among the pushes of the initiator; made up where absent.' },
    recipient: RECIPIENT,
    contentType: { type: 'string', maxLength: 255, description: 'MIME type of the content, with parameters.' },
    content: { type: 'string', description: 'The content as text; it is pushed in UTF-8.' },
    contentBase64: { type: 'string', description: 'The content as octets in base64 (RFC 4648 4).' },
    applicationId: { type: 'string', pattern: '^[!-~]{1,255}$', description: 'The application in the agent.' },
    messageClass: { type: 'string', enum: [...PUSH_MESSAGE_CLASSES], description: 'What kind of message it is.' },
    priority: { ...PRIORITY, description: 'By default medium, or the highest that the initiator may ask for.' },
    deliverAfter: { ...TIME, description: 'Not before that (RFC 3339).' },
    deliverBefore: { ...TIME, description: 'After that the push has expired (RFC 3339).' },
    notifyUrl: { type: 'string', maxLength: 2048, description: 'Where the initiator wants to hear of the end.' },
    replaces: { ...ID, description: 'The push that this one takes the place of, unless it may be on its way.' },
  },
  oneOf: [{ required: ['content'] }, { required: ['contentBase64'] }],
} as const;

export const ACCEPTED_SCHEMA = {
  type: 'object',
  required: ['id', 'state', 'recipient', 'priority', 'acceptedAt', 'deliverBefore'],
  additionalProperties: false,
  properties: {
    id: ID,
    state: { type: 'string', enum: ['accepted'] },
    recipient: RECIPIENT,
    priority: PRIORITY,
    acceptedAt: TIME,
    deliverAfter: TIME,
    deliverBefore: TIME,
  },
} as const;

export const STATUS_SCHEMA = {
  type: 'object',
  required: ['id', 'state', 'recipient', 'attempts', 'acceptedAt', 'changedAt'],
  additionalProperties: false,
  properties: {
    id: ID,
    state: {
      type: 'string',
      enum: ['accepted', 'delivering', 'delivered', 'expired', 'cancelled', 'replaced', 'undeliverable'],
      description: 'All but the first two are final.',
    },
    recipient: RECIPIENT,
    attempts: { type: 'integer', minimum: 0, description: 'How often it was given to a carrier.' },
    reason: { type: 'string', description: 'Why it is as it is; absent for what goes as it should.' },
    acceptedAt: TIME,
    changedAt: TIME,
  },
} as const;

/** Every `code` of a problem. */
export const PROBLEM_CODES: readonly string[] = [
  ...Object.keys(SUBMISSION_REFUSALS),
  ...Object.keys(AUTHENTICATION_REFUSALS),
  ...['recipient-invalid', 'content-invalid', 'time-invalid', 'push-unknown', 'too-late', 'request-invalid'],
  ...['request-too-large', 'media-type-unsupported', 'not-found', 'queue-unavailable', 'failed'],
];

export const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'RFC 9457',
  required: ['status', 'title', 'code', 'detail'],
  additionalProperties: false,
  properties: {
    status: { type: 'integer', minimum: 400, maximum: 599 },
    title: { type: 'string' },
    code: { type: 'string', enum: PROBLEM_CODES, description: 'One word for programs.' },
    detail: { type: 'string', description: 'For people.' },
  },
} as const;
