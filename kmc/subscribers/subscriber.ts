import { hasSeparationBit } from '../aka/amf.ts';
import { MAXIMUM_SQN } from '../aka/sequence-number.ts';
import { KmcError } from '../errors.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** What holds of everybody in the subscriber database. */
interface Entry {
  /** Private identity, `user@realm`; of somebody with a password alone, also a plain user name. */
  readonly impi: string;
  /** Public identities (SIP or tel URIs), the default one first. */
  readonly impus: readonly string[];
  readonly settings: UserSecuritySettings;
}

/** All that a key centre keeps of a subscriber. K, OPc and password are secret: never log this object. */
export interface Subscriber extends Entry {
  /** 16 octets. */
  readonly k: Buffer;
  /** 16 octets. */
  readonly opc: Buffer;
  /** 2 octets; the separation bit is 0. */
  readonly amf: Buffer;
  /** SQN_HE: that of the last vector. */
  readonly sqn: bigint;
  /** 1 to 128 octets, for digest without GBA; the octets are what is hashed. */
  readonly password?: Buffer;
}

/** Somebody without a card: a user name and a password, and no AKA. The password is secret: never log this object. */
export interface PasswordSubscriber extends Entry {
  readonly password: Buffer;
  readonly k?: undefined;
  readonly opc?: undefined;
  readonly amf?: undefined;
  readonly sqn?: undefined;
}

/** Whoever is in the subscriber database, with a card, a password, or both. */
export type AnySubscriber = Subscriber | PasswordSubscriber;

/** Throws OSGATE_KMC_SUBSCRIBER_INVALID, which names the field and never its secret, for what no subscriber can be. */
export function validateSubscriber(subscriber: AnySubscriber): void {
  const { impi, impus, settings, password } = subscriber;
  if (subscriber.k === undefined) {
    require(isImpi(impi) ||
      isUserName(impi), 'impi', 'is neither user@realm nor a user name of at most 255 characters');
  } else {
    require(isImpi(impi), 'impi', 'is no private identity user@realm of at most 255 characters');
    validateAka(subscriber);
  }
  if (password !== undefined) validatePassword(impi, password);
  require(impus.length > 0, 'impus', 'has no public identity');
  require(impus.length <= MAXIMUM_IMPUS, 'impus', `has more than ${MAXIMUM_IMPUS} public identities`);
  for (const impu of impus) {
    require(isImpu(impu), 'impus', `${JSON.stringify(impu)} is no sip:, sips: or tel: URI of at most 255 characters`);
  }
  require(new Set(impus).size === impus.length, 'impus', 'has a public identity twice');
  validateSettings(settings);
}

/** Throws OSGATE_KMC_SUBSCRIBER_INVALID for what cannot be a password; the message tells nothing of it. */
export function validatePassword(impi: string, password: Uint8Array): void {
  // The name stands before a colon in what digest hashes (RFC 7616 3.4.2).
  require(!impi.includes(':'), 'impi', 'has a colon, which nobody with a password may have in the name');
  const { length } = password;
  require(length >= 1 &&
    length <= MAXIMUM_PASSWORD_OCTETS, 'password', `is not 1 to ${MAXIMUM_PASSWORD_OCTETS} octets`);
  require(password.every((octet) => octet >= 0x20 && octet !== 0x7f), 'password', 'has a control character');
}

function validateAka({ k, opc, amf, sqn }: Subscriber): void {
  require(k.length === 16, 'k', 'is not 16 octets');
  require(opc.length === 16, 'opc', 'is not 16 octets');
  require(amf.length === 2, 'amf', 'is not 2 octets');
  // With the bit set, CK and IK are for EPS and 5GS and may not leave the home network (TS 33.102 Annex H).
  require(!hasSeparationBit(amf), 'amf', 'has the separation bit (8000) set, which GBA vectors may not have');
  require(sqn >= 0n && sqn <= MAXIMUM_SQN, 'sqn', 'is not 48 bits');
}

function validateSettings({ bsfInfo, ussList }: UserSecuritySettings): void {
  const { lifeTime } = bsfInfo;
  require(lifeTime === undefined ||
    (Number.isSafeInteger(lifeTime) && lifeTime > 0), 'lifeTime', 'is not a number of seconds above 0');
  require(ussList.length <= MAXIMUM_USS, 'uss', `has more than ${MAXIMUM_USS} settings`);
  for (const { gsid, type, uids, flags } of ussList) {
    require(isCount(gsid), 'uss', 'has a gsid that is no number from 0 up');
    require(isCount(type), 'uss', 'has a type that is no number from 0 up');
    require(flags.every(isCount), 'uss', 'has a flag that is no number from 0 up');
    require(uids.every(isImpu), 'uss', 'has a uid that is no sip:, sips: or tel: URI of at most 255 characters');
  }
}

const MAXIMUM_IMPUS = 100;
const MAXIMUM_USS = 100;
const MAXIMUM_PASSWORD_OCTETS = 128;

/** An NAI: no blanks, quotes or control characters, for it travels in quoted strings and in the KDF. */
function isImpi(text: string): boolean {
  return text.length <= 255 && /^[^\s@"\\<>\p{Cc}]+@[A-Za-z0-9._-]+$/u.test(text);
}

/** A user name of digest without a realm. */
function isUserName(text: string): boolean {
  return text.length <= 255 && /^[^\s@"\\<>\p{Cc}]+$/u.test(text);
}

/** Enough of a URI to be put between angle brackets in a header field. */
function isImpu(text: string): boolean {
  return (
    text.length <= 255 &&
    /^(?:sips?:(?:[!#-;=?-~]+@)?[A-Za-z0-9._:[\]-]+|tel:\+?[0-9*#().A-Fa-f-]+)(?:;[!#-;=?-~]*)?$/.test(text)
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function require(condition: boolean, field: string, reason: string): void {
  if (!condition) throw new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', `${field} ${reason}`);
}
