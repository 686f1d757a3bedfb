import type { z } from 'zod';

/** What the checks below need to see of a configuration; the schema gives more. */
interface Checked {
  readonly kmc?: unknown;
  readonly gateway?:
    | {
        readonly keyCentre: { readonly type: string };
        readonly workers: number | 'auto';
        readonly supervision: {
          readonly restartDelayMilliseconds: number;
          readonly restartDelayMaximumMilliseconds: number;
        };
        readonly sec1: {
          readonly sip: readonly {
            readonly name: string;
            readonly host: string;
            readonly port: number;
            readonly advertised?: unknown;
          }[];
        };
        readonly sec3: { readonly sip: readonly { readonly name: string; readonly listener?: string | undefined }[] };
        readonly streams: { readonly idleTimeoutSeconds: number };
        readonly flows: { readonly tcpFlowTimerSeconds: number };
        readonly admission: {
          readonly overload: {
            readonly delayMilliseconds: number;
            readonly maximumDelayMilliseconds: number;
            readonly retryAfterMinimumSeconds: number;
            readonly retryAfterMaximumSeconds: number;
          };
        };
        readonly timers: { readonly t1Milliseconds: number; readonly t2Milliseconds: number };
      }
    | undefined;
}

/** The rules that tie one key to another. They run only when each key by itself is right. */
export function crossChecks(config: Checked, context: z.RefinementCtx): void {
  const { gateway } = config;
  if (gateway === undefined) return;
  const problem = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: ['gateway', ...path], message });
  };

  if (gateway.keyCentre.type === 'embedded' && config.kmc === undefined) {
    problem(['keyCentre', 'type'], 'a kmc section beside the gateway when the type is embedded');
  }

  // Each worker would open Ub for itself, and each would have sequence numbers of its own.
  if (gateway.keyCentre.type === 'embedded' && gateway.workers !== 1) {
    problem(['workers'], '1 with an embedded key centre; more workers need a key centre of their own (type nbsp)');
  }
  const { restartDelayMilliseconds, restartDelayMaximumMilliseconds } = gateway.supervision;
  if (restartDelayMaximumMilliseconds < restartDelayMilliseconds) {
    problem(['supervision', 'restartDelayMaximumMilliseconds'], 'at least restartDelayMilliseconds');
  }

  const listeners = gateway.sec1.sip;
  for (const index of repeated(listeners.map(({ name }) => name))) {
    problem(['sec1', 'sip', index, 'name'], 'a name that no other listener has');
  }
  // Port 0 is a different port each time.
  for (const index of repeated(listeners.map(({ host, port }, at) => (port === 0 ? at : `${host} ${port}`)))) {
    problem(['sec1', 'sip', index, 'port'], 'an address and port that no other listener has');
  }

  for (const [index, { host, advertised }] of listeners.entries()) {
    // Via and Record-Route would name an address that nobody can send to.
    if ((host === '0.0.0.0' || host === '::') && advertised === undefined) {
      problem(['sec1', 'sip', index, 'advertised'], 'the address that peers reach, since host is every address');
    }
  }

  const names = new Set(listeners.map(({ name }) => name));
  for (const [index, { listener }] of gateway.sec3.sip.entries()) {
    if (listener !== undefined && !names.has(listener)) {
      problem(
        ['sec3', 'sip', index, 'listener'],
        `the name of a listener in gateway.sec1.sip: ${[...names].join(', ')}`,
      );
    }
  }
  for (const index of repeated(gateway.sec3.sip.map(({ name }) => name))) {
    problem(['sec3', 'sip', index, 'name'], 'a name that no other group of targets has');
  }

  if (gateway.flows.tcpFlowTimerSeconds >= gateway.streams.idleTimeoutSeconds) {
    problem(['flows', 'tcpFlowTimerSeconds'], 'less than streams.idleTimeoutSeconds');
  }

  const { overload } = gateway.admission;
  if (overload.maximumDelayMilliseconds <= overload.delayMilliseconds) {
    problem(['admission', 'overload', 'maximumDelayMilliseconds'], 'more than delayMilliseconds');
  }
  if (overload.retryAfterMaximumSeconds < overload.retryAfterMinimumSeconds) {
    problem(['admission', 'overload', 'retryAfterMaximumSeconds'], 'at least retryAfterMinimumSeconds');
  }

  if (gateway.timers.t2Milliseconds < gateway.timers.t1Milliseconds) {
    problem(['timers', 't2Milliseconds'], 'at least t1Milliseconds');
  }
}

/** The places of the values that stood already further up. */
function repeated(values: readonly (string | number)[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
