import { tagOf, type SipMessage, type SipRequest, type Via } from '../message/index.ts';

/** What every branch of RFC 3261 begins with (8.1.1.7). */
export const BRANCH_COOKIE = 'z9hG4bK';

/**
 * The key that a request and its retransmissions share (RFC 3261 17.2.3): top branch, sent-by and method. An ACK or a
 * CANCEL is looked up by the key of its INVITE. Requests of RFC 2543 have no usable branch; theirs is made of the other
 * fields that 17.2.3 names, without the To tag, which an ACK has and its INVITE has not.
 */
export function serverKey(request: SipRequest, via: Via, method: string): string {
  const { branch } = via;
  const sentBy = `${via.host}:${via.port ?? 5060}`;
  if (branch?.startsWith(BRANCH_COOKIE) === true) return `${method} ${branch} ${sentBy}`;
  const { sequence } = request.cseq;
  return `${method} ${sequence} ${branch ?? ''} ${sentBy} ${request.callId} ${tagOf(request.from) ?? ''} ${request.uri}`;
}

/** The key of the client transaction that a response belongs to (RFC 3261 17.1.3). */
export function clientKey(branch: string, message: SipMessage): string {
  return `${message.cseq.method} ${branch}`;
}
