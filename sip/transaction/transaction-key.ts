import { tagOf, type SipMessage, type SipRequest, type Via } from '../message/index.ts';
import type { Peer } from '../transport/index.ts';
import { extendHash, spreadHash } from '../string-hash.ts';

/** What every branch of RFC 3261 begins with (8.1.1.7). */
export const BRANCH_COOKIE = 'z9hG4bK';

/** What names a transaction, with a hash over all of it. Strings are compared only where hashes are the same. */
export class TransactionKey {
  readonly method: string;
  /** The branch; for RFC 2543 what stands in for it. */
  readonly branch: string;
  /** The sent-by of the top Via; empty and 0 for a client transaction, whose branch is our own. */
  readonly host: string;
  readonly port: number;
  /** The association that a request came by; -1 for none. Its transactions are its own: another peer that knows a branch does not get at them. */
  readonly association: number;
  /** Unsigned, 32 bits. */
  readonly hash: number;

  /** @param seed 32 unpredictable bits, the same for all keys of a table, so that nobody can choose keys that meet */
  constructor(seed: number, method: string, branch: string, host = '', port = 0, association = -1) {
    this.method = method;
    this.branch = branch;
    this.host = host;
    this.port = port;
    this.association = association;
    this.hash = spreadHash(extendHash(extendHash(extendHash(seed ^ port ^ association, branch), host), method));
  }

  equals(other: TransactionKey): boolean {
    return (
      this.hash === other.hash &&
      this.branch === other.branch &&
      this.method === other.method &&
      this.port === other.port &&
      this.association === other.association &&
      this.host === other.host
    );
  }
}

/**
 * The key that a request and its retransmissions share (RFC 3261 17.2.3): top branch, sent-by and method. An ACK or a
 * CANCEL is looked up by the key of its INVITE. Requests of RFC 2543 have no usable branch; theirs is made of the other
 * fields that 17.2.3 names, without the To tag, which an ACK has and its INVITE has not.
 */
export function serverKey(
  seed: number,
  request: SipRequest,
  via: Via,
  method: string,
  { association }: Peer,
): TransactionKey {
  const { branch = '', host, port = 5060 } = via;
  if (branch.startsWith(BRANCH_COOKIE)) return new TransactionKey(seed, method, branch, host, port, association);
  const { sequence } = request.cseq;
  const others = `${sequence} ${branch} ${request.callId} ${tagOf(request.from) ?? ''} ${request.uri}`;
  return new TransactionKey(seed, method, others, host, port, association);
}

/** The key of the client transaction that a response belongs to (RFC 3261 17.1.3). */
export function clientKey(seed: number, branch: string, message: SipMessage): TransactionKey {
  return new TransactionKey(seed, message.cseq.method, branch);
}
