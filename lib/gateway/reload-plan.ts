import type { Config } from '../config/index.ts';
import { OsgateError } from '../errors.ts';

/**
 * What a running gateway takes on; a key stands for all that is under it, `[]` for every entry of a list. Every other key,
 * also one that comes to the schema later, waits for a restart until it is named here.
 */
export const RELOADABLE_KEYS = [
  'log.level',
  'log.requests',
  'gateway.sec1.sip[].authenticators',
  'gateway.sec1.sip[].unauthenticatedMethods',
  'gateway.sec1.sip[].requires',
  'gateway.sec1.datagram[].authenticators',
  'gateway.sec1.datagram[].requires',
  'gateway.dtls.certificates',
  'gateway.policy',
  'gateway.sec3.sip',
  'gateway.push.addresses',
  'gateway.limits.maximumMessageBytes',
  'gateway.limits.maximumHeaders',
  'gateway.limits.maximumServerTransactions',
  'gateway.limits.maximumClientTransactions',
  'gateway.limits.maximumNonces',
  'gateway.limits.nonceCountWindow',
  'gateway.drainDelayMilliseconds',
  'gateway.shutdownGraceMilliseconds',
] as const;

/** What a reload changes. */
export interface ReloadPlan {
  /** The configuration in effect afterwards: the new one, but for the keys that need a restart. */
  readonly config: Config;
  /** Keys whose new value is taken on. */
  readonly applied: readonly string[];
  /** Keys whose new value needs a restart. */
  readonly ignored: readonly string[];
}

/**
 * Compares the configuration in effect with the one that was read again.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID when what can be taken on makes no sense with what cannot
 */
export function planReload(before: Config, after: Config): ReloadPlan {
  const applied: string[] = [];
  const ignored: string[] = [];
  const config = merge(before, after, '', '', applied, ignored) as Config;
  checkListeners(config);
  return { config, applied, ignored };
}

/**
 * The new value at places that can be taken on, and the old one elsewhere.
 *
 * @param path the key, for people
 * @param pattern the same with `[]` in place of numbers
 */
function merge(
  before: unknown,
  after: unknown,
  path: string,
  pattern: string,
  applied: string[],
  ignored: string[],
): unknown {
  if (equal(before, after)) return before;
  if ((RELOADABLE_KEYS as readonly string[]).includes(pattern)) {
    applied.push(path);
    return after;
  }
  const mayHold =
    pattern === '' || RELOADABLE_KEYS.some((key) => key.startsWith(`${pattern}.`) || key.startsWith(`${pattern}[`));
  if (mayHold && Array.isArray(before) && Array.isArray(after)) {
    // Entries are the same thing only when their names say so.
    if (sameNames(before, after)) {
      return before.map((entry: unknown, index) =>
        merge(entry, after[index], `${path}[${index}]`, `${pattern}[]`, applied, ignored),
      );
    }
  } else if (mayHold && isGroup(before) && isGroup(after)) {
    const merged: Record<string, unknown> = {};
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const value = merge(before[key], after[key], join(path, key), join(pattern, key), applied, ignored);
      if (value !== undefined) merged[key] = value;
    }
    return merged;
  }
  nameChanges(before, after, path, ignored);
  return before;
}

/** The keys that differ, down to where groups end. */
function nameChanges(before: unknown, after: unknown, path: string, names: string[]): void {
  if (equal(before, after)) return;
  if (!isGroup(before) || !isGroup(after)) {
    names.push(path);
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    nameChanges(before[key], after[key], join(path, key), names);
  }
}

/** A rule that is taken on may name a listener that opens at the next start only. */
function checkListeners({ gateway }: Config): void {
  if (gateway === undefined) return;
  const names = new Set(gateway.sec1.sip.map(({ name }) => name));
  for (const [index, { listener }] of gateway.sec3.sip.entries()) {
    if (listener === undefined || names.has(listener)) continue;
    throw new OsgateError(
      'OSGATE_CONFIG_INVALID',
      `gateway.sec3.sip[${index}].listener: found "${listener}", which opens at the next start only`,
    );
  }
}

function sameNames(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && before.every((entry, index) => nameOf(entry) === nameOf(after[index]));
}

function nameOf(entry: unknown): unknown {
  return isGroup(entry) ? entry.name : undefined;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((entry, index) => equal(entry, b[index]));
  }
  if (!isGroup(a) || !isGroup(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal(a[key], b[key]));
}
