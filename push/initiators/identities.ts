import type { Recipient } from '../message/index.ts';

const MAXIMUM_CHARACTERS = 255;

/** A public identity (IMPU): a SIP or tel URI; undefined for what is none. */
export function publicIdentity(value: string): Recipient | undefined {
  if (value.length > MAXIMUM_CHARACTERS) return undefined;
  // A second @ would let two readers find two hosts in one URI; within a user part it stands escaped (RFC 3261 25.1).
  return /^(?:sips?:(?:[!#-;=?A-~]+@)?[!#-;=?A-~]+|tel:\+?[0-9().*#A-Fa-f-]+)$/i.test(value)
    ? { type: 'impu', value }
    : undefined;
}

/** A private identity (IMPI): user@realm; undefined for what is none. */
export function privateIdentity(value: string): Recipient | undefined {
  if (value.length > MAXIMUM_CHARACTERS) return undefined;
  // Half a character is none on disk; and what begins like a URI would be taken for a public identity elsewhere.
  if (!value.isWellFormed() || /^(?:sips?|tel):/i.test(value)) return undefined;
  return /^[^\s@"\\<>\p{Cc}]+@[A-Za-z0-9._-]+$/u.test(value) ? { type: 'impi', value } : undefined;
}
