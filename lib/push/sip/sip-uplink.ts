import { PUSH_PACKAGE_CONTENT_TYPE, TokenBucket, type UplinkHandler } from '../../../push/index.ts';
import { isSipUri, type ProxyContext } from '../../../sip/index.ts';
import { mediaTypeOf } from '../media-type.ts';

export interface SipUplinkOptions {
  /** The FQDN that agents send packages to: `sip:` and this, at any port. */
  readonly fqdn: string;
  readonly uplink: UplinkHandler;
  readonly maximumOctets: number;
  /** MESSAGEs in a second that are taken of all agents together. */
  readonly perSecond: number;
}

/** Packages that agents send on their own, as MESSAGE to the gateway itself: they end here. */
export class SipUplink {
  readonly counters = { received: 0, tooLarge: 0, rateLimited: 0 };
  readonly #options: SipUplinkOptions;
  readonly #bucket: TokenBucket;

  constructor(options: SipUplinkOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket(options.perSecond, options.perSecond, () => performance.now());
  }

  /** Answers a request that was let in when it is a package for the gateway; false for any other. */
  take(context: ProxyContext): boolean {
    const { request } = context;
    if (request.method !== 'MESSAGE') return false;
    const uri = request.requestUri;
    const { fqdn, maximumOctets, uplink } = this.#options;
    if (!isSipUri(uri) || uri.user !== undefined || uri.host.toLowerCase() !== fqdn.toLowerCase()) return false;
    if (mediaTypeOf(request.header('Content-Type') ?? '') !== PUSH_PACKAGE_CONTENT_TYPE) {
      context.reply(415, undefined, (response) => {
        response.set('Accept', PUSH_PACKAGE_CONTENT_TYPE);
      });
      return true;
    }
    const octets = request.bodyBytes();
    if (octets.length > maximumOctets) {
      this.counters.tooLarge++;
      context.reply(413);
      return true;
    }
    const wait = this.#bucket.take();
    if (wait > 0) {
      this.counters.rateLimited++;
      context.reply(503, undefined, (response) => {
        response.set('Retry-After', String(Math.max(1, Math.ceil(wait / 1000))));
      });
      return true;
    }
    this.counters.received++;
    uplink(octets);
    context.reply(202);
    return true;
  }
}
