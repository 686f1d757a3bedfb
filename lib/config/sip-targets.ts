import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';

import { isSipUri, parseUri } from '../../sip/index.ts';
import { requirements } from './security-policy.ts';
import { choice, count, host, integer, isHostName, list, milliseconds, section, text, token } from './values.ts';

/** One entry of `gateway.sec3.sip`: which requests go to which servers. */
export function sipTargetRule() {
  return section({
    name: text('a name').describe('The name of this group of targets, in logs and metrics.'),
    domains: list(
      text('a domain name, an IP address or *', (value) => value === '*' || host().safeParse(value).success),
      'a list of domain names',
      1,
    ).describe(
      'Domains of the request URI that come here; `*` is every domain, and what has none: tel URIs and service URNs (emergency calls).',
    ),
    methods: list(token('a SIP method'), 'a list of SIP methods', 1)
      .optional()
      .describe('Only these methods; by default all.'),
    events: list(token('an event package'), 'a list of event packages', 1)
      .optional()
      .describe('Only these event packages (RFC 6665); by default all, and requests without one.'),
    requires: requirements()
      .optional()
      .describe(
        'What an agent’s user security settings must have to be sent here, at least one of these; by default nothing.',
      ),
    otherwise: choice(['refuse', 'next'])
      .optional()
      .describe(
        'What becomes of an agent that does not meet `requires`: `refuse` answers 403, `next` looks for a further group that fits; by default `refuse`.',
      ),
    listener: text('the name of a listener in gateway.sec1.sip')
      .optional()
      .describe(
        'The listener to send from; by default the first one with a `trusted` authenticator, else the one that the request came to.',
      ),
    targets: list(target(), 'a list of SIP addresses', 1).describe(
      'Where to send: SIP addresses, tried in order, or groups with the keys uri, weight, priority and maximumInFlight. The next one is tried on a timeout, a transport error or 503.',
    ),
    responseTimeoutMilliseconds: milliseconds()
      .default(4000)
      .describe('How long a target may say nothing at all before the next one is tried.'),
    retryAfterSeconds: integer(0, 86_400)
      .default(30)
      .describe(
        'How long a target that failed is tried only after the others; and what agents are told to wait while none is up.',
      ),
    maximumRetryAfterSeconds: integer(1, 86_400)
      .default(300)
      .describe('The longest that a target’s own Retry-After is believed; until then it gets nothing new.'),
    healthCheck: healthCheck().optional().describe('Checks the targets with OPTIONS; by default they are not checked.'),
  });
}

/** A target, with what a plain address stands for: tried in the order of the list, alone at its place. */
export interface TargetEntry {
  readonly uri: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly maximumInFlight?: number | undefined;
}

function target() {
  return z.union(
    [
      targetUri(),
      section({
        uri: targetUri().describe('A SIP address such as sip:192.0.2.1:5060 or sip:as.example.net;transport=tcp.'),
        weight: integer(0, 65_535).default(1).describe('Its share among the targets of the same priority.'),
        priority: integer(0, 65_535).default(0).describe('Lower ones are taken first.'),
        maximumInFlight: count()
          .optional()
          .describe('Requests without a final response that it may have at once; by default as many as come.'),
      }),
    ],
    { error: 'a SIP address such as sip:192.0.2.1:5060, or a group with uri, weight, priority and maximumInFlight' },
  );
}

function targetUri() {
  return text('a SIP address such as sip:192.0.2.1:5060', (value) => {
    const uri = parseUri(value);
    if (!isSipUri(uri) || uri.scheme !== 'sip' || uri.user !== undefined || uri.headers !== undefined) return false;
    const transport = uri.parameters.get('transport')?.toLowerCase();
    const transportIsGood = transport === undefined ? uri.parameters.size === 0 : uri.parameters.size === 1;
    const hostIsGood = isIP(uri.host) !== 0 || (isHostName(uri.host) && !looksLikeAddress(uri.host));
    return hostIsGood && transportIsGood && [undefined, 'udp', 'tcp'].includes(transport) && uri.port !== 0;
  });
}

/** Four numbers with dots that are no address, 192.0.2.999 say, are a slip and not a name. */
function looksLikeAddress(name: string): boolean {
  return !isIPv4(name) && /^[\d.]+$/.test(name);
}

function healthCheck() {
  return section({
    intervalMilliseconds: milliseconds().default(10_000).describe('From the end of one check to the next.'),
    timeoutMilliseconds: milliseconds().default(2000).describe('How long a target may take to answer a check.'),
    downAfter: integer(1, 1000)
      .default(3)
      .describe('Failed checks in a row after which a target is down; a check answered 503 is enough by itself.'),
    upAfter: integer(1, 1000).default(2).describe('Successful checks in a row after which it is up again.'),
    healthyStatuses: list(integer(300, 699), 'a list of SIP statuses')
      .default([])
      .describe('Statuses besides 2xx that show a server that serves, such as 405 or 481.'),
    maxForwards: integer(0, 70)
      .default(1)
      .describe('Max-Forwards of a check. 0 is never passed on (RFC 3261 11.1), but some proxies answer it 483.'),
  });
}
