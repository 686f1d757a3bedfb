import type { SipTargetConfig } from '../config/index.ts';
import type { SipTargetOptions, SipTargetRule } from '../sec3/index.ts';
import type { SipListener } from '../sec1/index.ts';

/** The rules of SEC-3 as the configuration describes them. */
export function targetRules(rules: readonly SipTargetConfig[]): SipTargetRule[] {
  return rules.map((rule) => ({
    name: rule.name,
    domains: rule.domains.map((domain) => domain.toLowerCase()),
    methods: rule.methods,
    events: rule.events?.map((event) => event.toLowerCase()),
    requires: rule.requires,
    otherwise: rule.otherwise,
    responseTimeoutMilliseconds: rule.responseTimeoutMilliseconds,
    targets: rule.targets.map((entry, place) => targetOptions(entry, place, rule)),
  }));
}

/**
 * The listener that each rule, by name, sends from: the one it names, else the first that trusts peers by address (the
 * inside). A rule that is not in the map sends from the listener that the request came to.
 */
export function departures(
  rules: readonly SipTargetConfig[],
  listeners: readonly SipListener[],
  isInside: (listener: SipListener) => boolean,
): ReadonlyMap<string, SipListener> {
  const inside = listeners.find(isInside);
  const found = new Map<string, SipListener>();
  for (const rule of rules) {
    const listener = rule.listener === undefined ? inside : listeners.find(({ name }) => name === rule.listener);
    if (listener !== undefined) found.set(rule.name, listener);
  }
  return found;
}

/** A plain address has a priority of its own, its place in the list, so that a list of them is tried in order. */
function targetOptions(
  entry: SipTargetConfig['targets'][number],
  place: number,
  rule: SipTargetConfig,
): SipTargetOptions {
  return {
    ...(typeof entry === 'string' ? { uri: entry, priority: place } : entry),
    retryAfterMilliseconds: rule.retryAfterSeconds * 1000,
    maximumRetryAfterMilliseconds: rule.maximumRetryAfterSeconds * 1000,
  };
}
