import type { ClientPsk, PskAnswer } from './settings.ts';

/** Octets that the length before a key, or before an identity, can count (RFC 4279 2). */
const MAXIMUM_OCTETS = 0xffff;

/**
 * Whether what a look-up gave is a pre-shared key. An empty one is none: a store that lost its keys would let everybody in. What
 * comes from the application is looked at as if it had no types, for often it had none.
 */
export function isUsablePsk(psk: PskAnswer | ClientPsk): boolean {
  const { key, expiresAt } = psk as { readonly key: unknown; readonly expiresAt?: unknown };
  if (!Buffer.isBuffer(key) || key.length === 0 || key.length > MAXIMUM_OCTETS) return false;
  if (expiresAt !== undefined && (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))) return false;
  if (!('identity' in psk)) return true;
  const identity: unknown = psk.identity;
  return Buffer.isBuffer(identity) && identity.length <= MAXIMUM_OCTETS;
}

/** Whether the time of a key is over. @param wallClock milliseconds since 1970 */
export function hasEnded({ expiresAt }: PskAnswer | ClientPsk, wallClock: number): boolean {
  return expiresAt !== undefined && expiresAt <= wallClock;
}
