import { PROTOCOL_REFUSALS } from './protocol-refusals.ts';
import type { RefusalReasonEntry } from './refusal-reason.ts';

/**
 * Every reason for which the edge refuses a request. The name stands in the log (`reason`), in the metric
 * `osgate_sip_refused_total`, and in the Warning of the response; it stays the same from version to version.
 * docs/refusals.md is made from this table.
 */
export const REFUSAL_REASONS = {
  // Credentials.
  'no-credentials': {
    status: 'challenge',
    log: 'normal',
    meaning: 'There are no credentials for a realm of the listener yet.',
  },
  stale: {
    status: 'challenge',
    log: 'normal',
    meaning:
      'The digest is right, but its nonce has expired or cannot be counted any more; the challenge says `stale=true`.',
  },
  replay: {
    status: 'challenge',
    meaning: 'The digest is right, but this nonce was used with this nonce count before.',
  },
  'wrong-key': {
    status: 'challenge',
    meaning: 'The digest was computed with another key or password, or over another message.',
  },
  'unknown-user': {
    status: 'challenge',
    meaning: 'Nobody has that user name or B-TID. On the wire it looks like `wrong-key`.',
  },
  'expired-key': { status: 'challenge', meaning: 'The keys of that B-TID have ended: the agent must bootstrap again.' },
  'unknown-association': {
    status: 'challenge',
    meaning:
      'No live NAF SA of a push has that P-TID. On the wire it looks like `wrong-key`; the next push brings the agent new keys.',
  },
  'expired-association': {
    status: 'challenge',
    meaning:
      'The NAF SA of that P-TID has ended. On the wire it looks like `wrong-key`; the next push brings the agent new keys. A process that does not remember the P-TID says `unknown-association`.',
  },
  'unsupported-credentials': {
    status: 'challenge',
    meaning: 'The algorithm or qop of the credentials is not on offer.',
  },
  'malformed-credentials': { status: 400, meaning: 'There are digest credentials that cannot be read.' },
  'not-authorised': {
    status: 403,
    told: false,
    meaning: 'The key centre does not serve this gateway under that FQDN, or for a GSID that it asks for.',
  },
  'key-centre-unavailable': { status: 503, meaning: 'The key centre does not answer.' },
  'users-unavailable': { status: 503, meaning: 'The database of digest users does not answer.' },
  'associations-unavailable': { status: 503, meaning: 'The store of NAF SAs cannot be read.' },
  'channel-mismatch': {
    status: 403,
    meaning: 'The digest is right, but of another subscriber than the one whose DTLS association it came by.',
  },
  'untrusted-peer': {
    status: 403,
    meaning: 'The listener knows peers by their address alone, and does not know this one.',
  },
  // Policy.
  'identity-not-allowed': {
    status: 403,
    meaning: 'From, or To of a REGISTER, is no public identity that the agent may use for this.',
  },
  'not-permitted': {
    status: 403,
    meaning: 'The user security settings lack what the listener, the method or the target requires.',
  },
  // Routing.
  'no-target': { status: 404, meaning: 'No SEC-3 target takes the domain and method.' },
  'bad-event': { status: 489, meaning: 'SEC-3 targets take the domain and method, but not this event package.' },
  'foreign-dialog': { status: 481, meaning: 'The request is of a dialog that this gateway did not let through.' },
  'destination-not-allowed': { status: 403, meaning: 'The route set leads an agent to a place that is not inside.' },
  'flow-failed': { status: 430, meaning: 'The flow that the agent had opened is gone (RFC 5626 5.3.1).' },
  'unsupported-transport': {
    status: 502,
    meaning:
      'No transport of the gateway reaches the address of the next hop, or speaks the protocol that it asks for.',
  },
  'targets-unavailable': {
    status: 503,
    meaning: 'Every target of the rule is down, draining, full or asked to be left alone for a while.',
  },
  'unresolved-host': { status: 502, meaning: 'The name of the next hop does not resolve.' },
  // State of the gateway.
  draining: { status: 503, meaning: 'The gateway is shutting down and takes no new sessions.' },
  overloaded: {
    status: 503,
    log: 'normal',
    meaning: 'The gateway has too much to do and takes no new sessions for some seconds.',
  },
  'unknown-listener': {
    status: 500,
    meaning: 'The request came in by a socket that belongs to no listener; a fault of ours.',
  },
  ...PROTOCOL_REFUSALS,
} as const satisfies Readonly<Record<string, RefusalReasonEntry>>;

export type RefusalReason = keyof typeof REFUSAL_REASONS;

type ReasonsOf<Status> = {
  [Reason in RefusalReason]: (typeof REFUSAL_REASONS)[Reason]['status'] extends Status ? Reason : never;
}[RefusalReason];

/** The reasons that have a status of their own. */
export type StatusReason = ReasonsOf<number>;

/** The reasons that are answered with a challenge. */
export type ChallengeReason = ReasonsOf<'challenge'>;

export function statusOf(reason: StatusReason): number {
  return REFUSAL_REASONS[reason].status;
}

/** The entry of a reason, with its optional parts in the type. */
export function refusalReason(reason: RefusalReason): RefusalReasonEntry {
  return REFUSAL_REASONS[reason];
}
