import { SipError, parseUri } from '../../sip/index.ts';
import type { SipTargetConfig } from '../config/index.ts';
import { SipTarget, SipTargetTable } from '../sec3/index.ts';
import type { SipListener } from '../sec1/index.ts';

const DEFAULT_SIP_PORT = 5060;

/**
 * The SEC-3 target table that the configuration describes.
 *
 * @param previous the table that it replaces: what is known of a target that stays is handed on
 */
export function buildTargetTable(rules: readonly SipTargetConfig[], previous?: SipTargetTable): SipTargetTable {
  return new SipTargetTable(
    rules.map((rule) => ({
      name: rule.name,
      domains: rule.domains.map((domain) => domain.toLowerCase()),
      methods: rule.methods,
      events: rule.events?.map((event) => event.toLowerCase()),
      responseTimeoutMilliseconds: rule.responseTimeoutMilliseconds,
      targets: rule.targets.map((uri) => adopt(uri, rule, previous) ?? buildTarget(uri, rule.retryAfterSeconds * 1000)),
    })),
  );
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

/** The same target of the rule of the same name, when nothing about it changed. */
function adopt(uri: string, rule: SipTargetConfig, previous: SipTargetTable | undefined): SipTarget | undefined {
  const old = previous?.rules.find(({ name }) => name === rule.name)?.targets.find((target) => target.uri === uri);
  return old?.retryAfterMilliseconds === rule.retryAfterSeconds * 1000 ? old : undefined;
}

function buildTarget(text: string, retryAfterMilliseconds: number): SipTarget {
  const uri = parseUri(text);
  if (uri === undefined || !('host' in uri)) {
    throw new SipError('OSGATE_SIP_INVALID_ARGUMENT', `not a SIP target: ${text}`);
  }
  return new SipTarget({ uri: text, host: uri.host, port: uri.port ?? DEFAULT_SIP_PORT, retryAfterMilliseconds });
}
