import { hash } from 'node:crypto';

import { parseVia, tagOf, type SipRequest, type SipUri } from '../message/index.ts';

/** Hexadecimal digits of the loop hash in a branch. */
const HASH_LENGTH = 16;

/**
 * Finds loops by a hash of what routing depends on, kept in our branch (RFC 3261 16.3 step 4, 16.6 step 8, RFC 5393 4.2): the
 * Request-URI, Route and Event of the request, beside what tells one transaction from another. It must not depend on the
 * method (RFC 5393 4.2.1); of CSeq it takes the number only.
 */
export class LoopDetector {
  readonly #secret: string;
  readonly #isLocal: (uri: SipUri) => boolean;

  constructor(secret: Buffer, isLocal: (uri: SipUri) => boolean) {
    this.#secret = secret.toString('latin1');
    this.#isLocal = isLocal;
  }

  /** The end of the branch of a request that is forwarded; `request` as received, before any change. */
  branchSuffix(request: SipRequest): string {
    return `-${this.#hash(request)}`;
  }

  /** True when the request was here before and nothing that routing depends on has changed since. */
  isLoop(request: SipRequest): boolean {
    const vias = request.values('Via');
    if (vias.length < 2) return false;
    let suffix: string | undefined;
    for (const text of vias) {
      const via = parseVia(text);
      if (via?.branch === undefined) continue;
      if (!this.#isLocal({ scheme: 'sip', host: via.host, port: via.port ?? 5060, parameters: NO_PARAMETERS }))
        continue;
      suffix ??= this.branchSuffix(request);
      if (via.branch.endsWith(suffix)) return true;
    }
    return false;
  }

  #hash(request: SipRequest): string {
    const route = request.headers('Route').join(',');
    const tags = `${tagOf(request.from) ?? ''}\n${tagOf(request.to) ?? ''}`;
    const event = request.header('Event') ?? '';
    const text = `${this.#secret}\n${request.uri}\n${route}\n${event}\n${tags}\n${request.callId}\n${request.cseq.sequence}`;
    return hash('sha1', Buffer.from(text, 'latin1'), 'hex').slice(0, HASH_LENGTH);
  }
}

const NO_PARAMETERS = new Map<string, string | undefined>();
