import { parseVia, tagOf, type SipRequest, type SipUri } from '../message/index.ts';
import { hexDigits } from '../hex-digits.ts';
import { extendHash, spreadHash } from '../string-hash.ts';

/**
 * Finds loops by a hash of what routing depends on, kept in our branch (RFC 3261 16.3 step 4, 16.6 step 8, RFC 5393 4.2): the
 * Request-URI, Route and Event of the request, beside what tells one transaction from another. It must not depend on the
 * method (RFC 5393 4.2.1); of CSeq it takes the number only.
 */
export class LoopDetector {
  readonly #seed: number;
  readonly #isLocal: (uri: SipUri) => boolean;

  /** @param secret at least 4 octets, so that nobody outside can make a request look like a loop */
  constructor(secret: Buffer, isLocal: (uri: SipUri) => boolean) {
    this.#seed = secret.readUInt32LE();
    this.#isLocal = isLocal;
  }

  /** The end of the branch of a request that is forwarded; `request` as received, before any change. */
  branchSuffix(request: SipRequest): string {
    return `-${this.#hash(request)}`;
  }

  /** True when the request was here before and nothing that routing depends on has changed since. */
  isLoop(request: SipRequest): boolean {
    const vias = request.values('Via');
    // With only the Via of whoever sent it, it was nowhere else.
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
    const parts = [
      request.uri,
      request.has('Route') ? request.headers('Route').join(',') : '',
      request.header('Event') ?? '',
      tagOf(request.from) ?? '',
      tagOf(request.to) ?? '',
      request.callId,
    ];
    let low = this.#seed ^ request.cseq.sequence;
    let high = low ^ 0x7f4a7c15;
    // Part by part: to put them together first would take longer than the hash.
    for (const part of parts) {
      low = extendHash(low, part);
      high = extendHash(high, part, 0xc2b2ae35);
    }
    return hexDigits(spreadHash(low)) + hexDigits(spreadHash(high));
  }
}

const NO_PARAMETERS = new Map<string, string | undefined>();
