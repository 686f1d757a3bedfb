import type { z } from 'zod';

import { CHANNEL_AUTHENTICATOR_TYPES } from './channel-authenticators.ts';

/** What the checks below need to see of a configuration; the schema gives more. */
interface Checked {
  readonly gateway?:
    | {
        readonly secret?: unknown;
        readonly dtls: { readonly certificates: readonly unknown[]; readonly handover?: unknown };
        readonly sec1: {
          readonly sip: readonly (Listener & { readonly transports: readonly string[] })[];
          readonly datagram: readonly Listener[];
        };
      }
    | undefined;
}

interface Listener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly authenticators: readonly { readonly type: string; readonly digestAsWell?: boolean }[];
}

const CHANNEL: ReadonlySet<string> = new Set(CHANNEL_AUTHENTICATOR_TYPES);
const DIGEST: ReadonlySet<string> = new Set(['digest', 'gba-digest', 'push-digest']);

/** The rules that tie DTLS to the rest. */
export function dtlsChecks({ gateway }: Checked, context: z.RefinementCtx): void {
  if (gateway === undefined) return;
  const { dtls, sec1 } = gateway;
  const problem = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path: ['gateway', ...path], message });
  };
  if (dtls.handover !== undefined && gateway.secret === undefined) {
    problem(['dtls', 'handover'], 'a gateway.secret, under which the file is sealed');
  }
  const hasCertificates = dtls.certificates.length > 0;
  for (const [index, { transports, authenticators }] of sec1.sip.entries()) {
    const path = ['sec1', 'sip', index];
    const hasDtls = transports.includes('dtls');
    const hasPsk = authenticators.some(({ type }) => CHANNEL.has(type) && type !== 'certificate');
    if (hasDtls && !hasPsk && !hasCertificates) {
      problem(
        [...path, 'transports'],
        'gateway.dtls.certificates, or an authenticator gba-psk, push-psk or psk, for dtls',
      );
    }
    for (const [place, { type, digestAsWell }] of authenticators.entries()) {
      if (CHANNEL.has(type) && !hasDtls) {
        problem(
          [...path, 'authenticators', place, 'type'],
          'an authenticator for the transports of the listener, or dtls among those',
        );
      }
      if (digestAsWell === true && !authenticators.some((one) => DIGEST.has(one.type))) {
        problem(
          [...path, 'authenticators', place, 'digestAsWell'],
          'an authenticator digest, gba-digest or push-digest beside it',
        );
      }
    }
  }
  for (const [kind, listeners] of [['sip', sec1.sip] as const, ['datagram', sec1.datagram] as const]) {
    for (const [index, { authenticators }] of listeners.entries()) {
      const place = authenticators.findIndex(({ type }) => type === 'certificate');
      if (place < 0 || hasCertificates) continue;
      problem(
        ['sec1', kind, index, 'authenticators', place, 'type'],
        'gateway.dtls.certificates, with which the gateway answers',
      );
    }
  }
  const earlier: Listener[] = [...sec1.sip];
  for (const [index, listener] of sec1.datagram.entries()) {
    const { name, host, port } = listener;
    if (earlier.some((other) => other.name === name)) {
      problem(['sec1', 'datagram', index, 'name'], 'a name that no other listener has');
    }
    if (port !== 0 && earlier.some((other) => other.host === host && other.port === port)) {
      problem(['sec1', 'datagram', index, 'port'], 'an address and port that no other listener has');
    }
    earlier.push(listener);
  }
}
