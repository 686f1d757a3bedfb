import type { z } from 'zod';

import { pushFqdn } from './push.ts';

/** What the checks below need to see of a configuration; the schema gives more. */
interface Checked {
  readonly kmc?: unknown;
  readonly gateway?: CheckedGateway | undefined;
}

interface CheckedGateway {
  readonly push?: { readonly fqdn?: string | undefined } | undefined;
  readonly sec1: {
    readonly datagram: readonly { readonly fqdn: string; readonly authenticators: readonly Authenticator[] }[];
    readonly sip: readonly {
      readonly fqdn: string;
      readonly authenticators: readonly Authenticator[];
      readonly unauthenticatedMethods: readonly string[];
      readonly realm: string;
      readonly requires?: readonly Requirement[] | undefined;
    }[];
  };
  readonly sec3: {
    readonly sip: readonly {
      readonly requires?: readonly Requirement[] | undefined;
      readonly otherwise?: string | undefined;
    }[];
  };
  readonly policy: {
    readonly methods: readonly { readonly methods: readonly string[]; readonly requires: readonly Requirement[] }[];
  };
}

interface Authenticator {
  readonly type: string;
  readonly realm?: string | undefined;
  readonly challenge?: string;
  readonly gsids?: readonly number[];
}

interface Requirement {
  readonly gsid: number;
}

/**
 * The rules that tie authenticators and policy to the rest: of what is named wrong here, no agent could ever get in, or a
 * key would have no effect.
 */
export function identityChecks({ kmc, gateway }: Checked, context: z.RefinementCtx): void {
  if (gateway === undefined) return;
  const problem: Report = (path, message) => {
    context.addIssue({ code: 'custom', path: ['gateway', ...path], message });
  };
  for (const [index, { authenticators, realm, requires }] of gateway.sec1.sip.entries()) {
    const path = ['sec1', 'sip', index];
    checkAuthenticators([...path, 'authenticators'], authenticators, realm, kmc !== undefined, problem);
    checkRequirements([...path, 'requires'], requires, gsidsOf(authenticators), problem);
  }
  checkPushAuthenticators(gateway, problem);
  const gsids = gsidsOf(gateway.sec1.sip.flatMap(({ authenticators }) => authenticators));
  for (const [index, { requires, otherwise }] of gateway.sec3.sip.entries()) {
    const path = ['sec3', 'sip', index];
    checkRequirements([...path, 'requires'], requires, gsids, problem);
    if (otherwise !== undefined && requires === undefined) {
      problem([...path, 'otherwise'], 'requires beside it, without which it has no effect');
    }
  }
  const excused = new Set(gateway.sec1.sip.flatMap(({ unauthenticatedMethods }) => unauthenticatedMethods));
  const earlier = new Set<string>();
  for (const [index, { methods, requires }] of gateway.policy.methods.entries()) {
    const path = ['policy', 'methods', index];
    checkRequirements([...path, 'requires'], requires, gsids, problem);
    for (const [place, method] of methods.entries()) {
      const own = [...path, 'methods', place];
      if (earlier.has(method)) problem(own, 'a method that is not further up');
      if (excused.has(method)) problem(own, 'a method that no listener lets in by unauthenticatedMethods');
      earlier.add(method);
    }
  }
}

type Report = (path: (string | number)[], message: string) => void;

function checkAuthenticators(
  path: readonly (string | number)[],
  authenticators: readonly Authenticator[],
  gbaRealm: string,
  hasSubscribers: boolean,
  problem: Report,
): void {
  const realms = new Set<string>();
  const first = authenticators.find(({ challenge }) => challenge !== undefined)?.challenge;
  for (const [index, { type, realm, challenge }] of authenticators.entries()) {
    if (type === 'digest' && !hasSubscribers) {
      problem([...path, index, 'type'], 'a kmc section beside the gateway, whose subscribers has the users');
    }
    if (challenge === undefined || first === undefined) continue;
    const own = realm ?? gbaRealm;
    if (realms.has(own)) problem([...path, index], 'a realm that no other authenticator of this listener has');
    realms.add(own);
    // One response cannot be 401 and 407 at once.
    if (challenge !== first) problem([...path, index, 'challenge'], `${first}, as the first one of this listener has`);
  }
}

/** NAF SAs are made under the FQDN of `gateway.push`, and no other listener has a use for them. */
function checkPushAuthenticators(gateway: CheckedGateway, problem: Report): void {
  const fqdn = pushFqdn(gateway);
  for (const kind of ['sip', 'datagram'] as const) {
    for (const [index, listener] of gateway.sec1[kind].entries()) {
      const place = listener.authenticators.findIndex(({ type }) => type === 'push-psk' || type === 'push-digest');
      if (place < 0) continue;
      const path = ['sec1', kind, index, 'authenticators', place, 'type'];
      if (gateway.push === undefined) problem(path, 'a gateway.push section, whose pushes make the keys');
      else if (listener.fqdn.toLowerCase() !== fqdn.toLowerCase()) {
        problem(path, `a listener whose fqdn is that of gateway.push, ${fqdn}`);
      }
    }
  }
}

function checkRequirements(
  path: readonly (string | number)[],
  requires: readonly Requirement[] | undefined,
  asked: readonly number[],
  problem: Report,
): void {
  for (const [index, { gsid }] of (requires ?? []).entries()) {
    if (asked.includes(gsid)) continue;
    const choices = asked.length === 0 ? 'none' : asked.join(', ');
    problem([...path, index, 'gsid'], `a GSID that an authenticator asks for (gsids): ${choices}`);
  }
}

function gsidsOf(authenticators: readonly Authenticator[]): number[] {
  return [...new Set(authenticators.flatMap(({ gsids }) => gsids ?? []))];
}
