import type { Identity } from './identity.ts';

/** One way to be let in: the user security setting of that GSID has all of the flags. */
export interface SecurityRequirement {
  readonly gsid: number;
  readonly flags: readonly number[];
}

/**
 * What an identity may do where at least one of `requires` must be met: itself, with the public identities (uids) of the
 * settings that meet one, and no others; or undefined where none is met. Settings without uids limit nothing. Where
 * nothing is required, and for a trusted peer, who is no subscriber, it stays as it is.
 */
export function permit(
  identity: Identity | undefined,
  requires: readonly SecurityRequirement[] | undefined,
): Identity | undefined {
  if (requires === undefined || identity?.scheme === 'trusted') return identity;
  const met = (identity?.securitySettings ?? []).filter(({ gsid, flags }) =>
    requires.some((one) => one.gsid === gsid && one.flags.every((flag) => flags.includes(flag))),
  );
  if (identity === undefined || met.length === 0) return undefined;
  if (met.some(({ uids }) => uids.length === 0)) return identity;
  const impus = identity.impus.filter((impu) => met.some(({ uids }) => uids.includes(impu)));
  return impus.length === identity.impus.length ? identity : { ...identity, impus };
}

/** Methods that not everybody may use, with what they require. */
export class MethodPolicy {
  readonly #requires = new Map<string, readonly SecurityRequirement[]>();

  /** @param rules no method stands in two of them */
  constructor(
    rules: readonly { readonly methods: readonly string[]; readonly requires: readonly SecurityRequirement[] }[],
  ) {
    for (const { methods, requires } of rules) for (const method of methods) this.#requires.set(method, requires);
  }

  /** What the method requires; undefined for one that everybody may use who is let in. */
  requirementsOf(method: string): readonly SecurityRequirement[] | undefined {
    return this.#requires.get(method);
  }
}
