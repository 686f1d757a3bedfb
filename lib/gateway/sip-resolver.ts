import { NodeDnsClient, SipResolver, type Scheduler } from '../../sip/index.ts';
import type { GatewayConfig } from '../config/index.ts';

/** Tries of one question, and steps of one look-up, that the time for the whole is made for. */
const TRIES_IN_TIME = 3;

/** The resolver that `gateway.dns` describes; `dns` is to be closed when it is over. */
export function buildResolver(
  settings: GatewayConfig['dns'],
  scheduler: Scheduler,
  random: () => number,
): { readonly resolver: SipResolver; readonly dns: NodeDnsClient } {
  const { servers, hostsFile, assumedTtlMilliseconds, ...limits } = settings;
  const dns = new NodeDnsClient({
    servers,
    hostsFile,
    assumedTtlMilliseconds,
    timeoutMilliseconds: Math.max(1, Math.floor(limits.timeoutMilliseconds / TRIES_IN_TIME)),
  });
  return { dns, resolver: new SipResolver({ dns, scheduler, random, limits }) };
}
