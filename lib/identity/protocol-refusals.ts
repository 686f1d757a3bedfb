import type { ProxyRefusal } from '../../sip/index.ts';
import type { RefusalReasonEntry } from './refusal-reason.ts';

/** The part of the catalogue that the SIP engine refuses by itself; the compiler sees to it that none is missing. */
export const PROTOCOL_REFUSALS = {
  // What RFC 3261 16.3 asks of every request.
  'no-transaction': { status: 481, log: 'normal', meaning: 'A CANCEL of something that is not under way.' },
  'malformed-request-uri': { status: 400, log: 'normal', meaning: 'The Request-URI cannot be read.' },
  'unsupported-uri-scheme': { status: 416, log: 'normal', meaning: 'The Request-URI is neither sip, sips nor tel.' },
  'too-many-hops': { status: 483, log: 'normal', meaning: 'Max-Forwards is 0.' },
  loop: { status: 482, log: 'normal', meaning: 'The request came through this gateway before, unchanged.' },
  'max-breadth': {
    status: 440,
    log: 'normal',
    meaning: 'Max-Breadth is 0; 400 where it cannot be read (RFC 5393 5).',
  },
  'bad-extension': {
    status: 420,
    log: 'normal',
    meaning: 'Proxy-Require, or Require of a request to the gateway itself, asks for something that it does not have.',
  },
  'malformed-route': { status: 400, meaning: 'A Route, or the Request-URI behind it, cannot be read.' },
  'target-timeout': { status: 504, meaning: 'No target answered in time; 408 for INVITE (RFC 4320).' },
  'target-unavailable': { status: 500, meaning: 'The last target tried answered 503 (RFC 3261 16.7).' },
  'server-transactions-full': {
    status: 503,
    log: 'normal',
    meaning: '`gateway.limits.maximumServerTransactions` are alive.',
  },
  'client-transactions-full': { status: 503, meaning: '`gateway.limits.maximumClientTransactions` are alive.' },
  // The parser. Where not even Via, From, To, Call-ID and CSeq can be read the message is dropped.
  'message-too-large': {
    status: 'none',
    log: 'normal',
    meaning: 'The message is larger than `gateway.limits.maximumMessageBytes`.',
  },
  'malformed-start-line': {
    status: 400,
    log: 'normal',
    meaning: 'The first line is no request line and no status line.',
  },
  'unsupported-version': { status: 505, log: 'normal', meaning: 'The version is not SIP/2.0.' },
  'malformed-header-name': {
    status: 400,
    log: 'normal',
    meaning: 'A line of the header has no name, or one with an octet that none may have.',
  },
  'malformed-header-line': {
    status: 400,
    log: 'normal',
    meaning: 'The first line of the header begins with white space.',
  },
  'bare-line-break': { status: 400, log: 'normal', meaning: 'A CR or LF stands alone.' },
  'control-character': { status: 400, log: 'normal', meaning: 'A header value has a control character.' },
  'too-many-headers': {
    status: 400,
    log: 'normal',
    meaning: 'There are more header fields than `gateway.limits.maximumHeaders`.',
  },
  'duplicate-header': { status: 400, log: 'normal', meaning: 'A header that may stand once stands twice.' },
  'missing-header': { status: 400, log: 'normal', meaning: 'Via, From, To, Call-ID or CSeq is missing.' },
  truncated: { status: 400, log: 'normal', meaning: 'The header does not end.' },
  'malformed-via': { status: 400, log: 'normal', meaning: 'A Via cannot be read.' },
  'malformed-from-or-to': { status: 400, log: 'normal', meaning: 'From or To cannot be read.' },
  'malformed-contact': { status: 400, log: 'normal', meaning: 'A Contact cannot be read.' },
  'malformed-call-id': { status: 400, log: 'normal', meaning: 'Call-ID is empty, or not one word of ASCII.' },
  'malformed-cseq': { status: 400, log: 'normal', meaning: 'CSeq cannot be read.' },
  'cseq-method-mismatch': { status: 400, log: 'normal', meaning: 'CSeq names another method than the request line.' },
  'malformed-max-forwards': { status: 400, log: 'normal', meaning: 'Max-Forwards is no number from 0 to 255.' },
  'malformed-content-length': { status: 400, log: 'normal', meaning: 'Content-Length is no number.' },
  'content-length-mismatch': { status: 400, log: 'normal', meaning: 'Content-Length says more than came.' },
} as const satisfies Readonly<Record<ProxyRefusal, RefusalReasonEntry>>;
