/** The keys of the configuration whose values are secret: nothing prints them. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['k', 'op', 'opc', 'password']);

/** What is printed in place of a secret. */
export const MASK = '[secret]';

export function isSecretKey(key: PropertyKey): boolean {
  return typeof key === 'string' && SECRET_KEYS.has(key.toLowerCase());
}

/** Groups that hold a secret or lead to one: what stands there in place of a group may be the secret itself. */
const SECRET_GROUPS: ReadonlySet<string> = new Set(['usim', 'secretKey', 'secret', 'token']);

/** Whether what was found at a key must not be shown, right or wrong. */
export function holdsSecret(path: readonly PropertyKey[], found: unknown): boolean {
  if (path.some(isSecretKey)) return true;
  return typeof found !== 'object' && path.some((key) => typeof key === 'string' && SECRET_GROUPS.has(key));
}

/** A copy of a configuration (or a part of it) that may be shown: every secret is masked. */
export function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      isSecretKey(key) && entry !== undefined ? MASK : maskSecrets(entry),
    ]),
  );
}
