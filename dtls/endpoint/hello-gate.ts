import { readClientHelloView, type ClientHelloView } from '../handshake/client-hello-view.ts';
import { HANDSHAKE_TYPE } from '../handshake/handshake-type.ts';
import { writeHelloVerifyRequest } from '../handshake/hello-verify-request.ts';
import { CONTENT_TYPE, readRecord, RECORD_HEADER_OCTETS, RecordView } from '../record/record-header.ts';
import type { Peer } from '../transport/peer.ts';
import { CookieFactory } from './cookie-factory.ts';
import type { EndpointCounters } from './endpoint-counters.ts';
import { RateLimit } from './rate-limit.ts';

export interface HelloGateOptions {
  readonly counters: EndpointCounters;
  readonly now: () => number;
  readonly random: (length: number) => Buffer;
  readonly cookieRotationMilliseconds: number;
  /** Octets of the longest ClientHello that is looked at. */
  readonly maximumClientHello: number;
  readonly helloVerifyRequestsPerSecond: number;
}

/** What a datagram is that somebody unknown sent. `hello` holds views of the datagram. */
export type GateVerdict =
  | { readonly kind: 'dropped' }
  | { readonly kind: 'proven'; readonly hello: ClientHelloView }
  /** A whole ClientHello; {@link HelloGate.challenge} answers it. */
  | { readonly kind: 'unproven'; readonly hello: ClientHelloView };

/**
 * What strangers meet: only a whole, well-formed ClientHello does anything, and all that it does is to be answered with a
 * cookie, from memory of nothing (RFC 6347 4.2.1). The answer is never larger than what came.
 */
export class HelloGate {
  readonly #counters: EndpointCounters;
  readonly #cookies: CookieFactory;
  readonly #rate: RateLimit;
  readonly #maximum: number;
  readonly #record = new RecordView();

  constructor(options: HelloGateOptions) {
    const { counters, now, random, cookieRotationMilliseconds, maximumClientHello } = options;
    this.#counters = counters;
    this.#maximum = maximumClientHello;
    this.#rate = new RateLimit(options.helloVerifyRequestsPerSecond, now);
    this.#cookies = new CookieFactory({
      now,
      random,
      rotationMilliseconds: cookieRotationMilliseconds,
    });
  }

  /** Whether a datagram claims to begin with a ClientHello; it may still be malformed. */
  static isClientHello(datagram: Buffer): boolean {
    return (
      datagram[0] === CONTENT_TYPE.handshake &&
      datagram[RECORD_HEADER_OCTETS] === HANDSHAKE_TYPE.clientHello &&
      isEpochZero(datagram)
    );
  }

  judge(datagram: Buffer, peer: Peer): GateVerdict {
    if (!HelloGate.isClientHello(datagram)) {
      this.#counters.strangeDatagrams++;
      return DROPPED;
    }
    const record = this.#record;
    if (!readRecord(datagram, 0, 0, record)) {
      this.#counters.malformedClientHellos++;
      return DROPPED;
    }
    if (record.end - record.fragmentStart > this.#maximum) {
      this.#counters.oversizedClientHellos++;
      return DROPPED;
    }
    const hello = readClientHelloView(datagram.subarray(record.fragmentStart, record.end));
    if (hello === undefined) {
      this.#counters.malformedClientHellos++;
      return DROPPED;
    }
    if (this.#cookies.proves(peer, hello)) return { kind: 'proven', hello };
    if (hello.cookie.length > 0) this.#counters.invalidCookies++;
    return { kind: 'unproven', hello };
  }

  /** The HelloVerifyRequest for the ClientHello that was judged last, or undefined when there were too many of them. */
  challenge(datagram: Buffer, peer: Peer, hello: ClientHelloView): Buffer | undefined {
    if (!this.#rate.take()) {
      this.#counters.helloVerifyRequestsLimited++;
      return undefined;
    }
    const cookie = this.#cookies.make(peer, hello);
    const answer = writeHelloVerifyRequest(cookie, hello.messageSequence, this.#record.sequence);
    // The shortest ClientHello is longer; this only says so for good.
    if (answer.length > datagram.length) return undefined;
    this.#counters.helloVerifyRequestsSent++;
    return answer;
  }
}

/** Whether the first record of a datagram is one without protection. */
export function isEpochZero(datagram: Buffer): boolean {
  return datagram[3] === 0 && datagram[4] === 0;
}

const DROPPED: GateVerdict = { kind: 'dropped' };
