import type { SipRequest } from '../../sip/index.ts';
import type { SipTarget } from './sip-target.ts';

/** One rule of `gateway.sec3.sip`: which requests go to which servers. */
export interface SipTargetRule {
  readonly name: string;
  /** Lower-case hosts of the Request-URI; `*` stands for any. */
  readonly domains: readonly string[];
  /** Methods that the rule takes; any where absent. */
  readonly methods?: readonly string[] | undefined;
  /** Event packages that the rule takes, for requests with an Event header; any where absent. */
  readonly events?: readonly string[] | undefined;
  /** How long a target may say nothing at all before the next one is tried. */
  readonly responseTimeoutMilliseconds: number;
  readonly targets: readonly SipTarget[];
}

export type TargetSelection =
  | { readonly outcome: 'found'; readonly rule: SipTargetRule; readonly targets: readonly SipTarget[] }
  /** No rule takes the domain, or the method for it. */
  | { readonly outcome: 'not-found' }
  /** Rules take the domain and the method, but not this event package: 489 (RFC 6665 7.3.2). */
  | { readonly outcome: 'bad-event'; readonly allowEvents: readonly string[] };

/** SEC-3 target selection: by domain of the Request-URI, method and event package; the first rule that fits wins. */
export class SipTargetTable {
  readonly rules: readonly SipTargetRule[];

  constructor(rules: readonly SipTargetRule[]) {
    this.rules = rules;
  }

  /**
   * Targets for a request, those thought alive first, in configured order.
   *
   * @param now milliseconds of the monotonic clock that the targets were marked with
   */
  select(request: SipRequest, now: number): TargetSelection {
    const host = requestHost(request);
    if (host === undefined) return { outcome: 'not-found' };
    const event = eventPackage(request);
    const allowEvents: string[] = [];
    for (const rule of this.rules) {
      if (!rule.domains.includes('*') && !rule.domains.includes(host)) continue;
      if (rule.methods !== undefined && !rule.methods.includes(request.method)) continue;
      if (event !== undefined && rule.events !== undefined && !rule.events.includes(event)) {
        allowEvents.push(...rule.events);
        continue;
      }
      return { outcome: 'found', rule, targets: aliveFirst(rule.targets, now) };
    }
    return allowEvents.length > 0 ? { outcome: 'bad-event', allowEvents } : { outcome: 'not-found' };
  }
}

/** The event package of a request (RFC 6665 8.2.1), lower-case, without parameters; undefined where there is none. */
export function eventPackage(request: SipRequest): string | undefined {
  const event = request.header('Event');
  if (event === undefined) return undefined;
  const semicolon = event.indexOf(';');
  return (semicolon < 0 ? event : event.slice(0, semicolon)).trim().toLowerCase();
}

function requestHost(request: SipRequest): string | undefined {
  const uri = request.requestUri;
  return uri !== undefined && 'host' in uri ? uri.host.toLowerCase() : undefined;
}

function aliveFirst(targets: readonly SipTarget[], now: number): readonly SipTarget[] {
  if (targets.every((target) => target.isAlive(now) && !target.draining)) return targets;
  const open = targets.filter((target) => !target.draining);
  return [...open.filter((target) => target.isAlive(now)), ...open.filter((target) => !target.isAlive(now))];
}
