import { hasSeparationBit } from '../aka/amf.ts';
import { MAXIMUM_SQN } from '../aka/sequence-number.ts';
import { KmcError } from '../errors.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** All that a key centre keeps of a subscriber. K and OPc are secret: never log this object. */
export interface Subscriber {
  /** Private identity, `user@realm`. */
  readonly impi: string;
  /** Public identities (SIP or tel URIs), the default one first. */
  readonly impus: readonly string[];
  /** 16 octets. */
  readonly k: Buffer;
  /** 16 octets. */
  readonly opc: Buffer;
  /** 2 octets; the separation bit is 0. */
  readonly amf: Buffer;
  /** SQN_HE: that of the last vector. */
  readonly sqn: bigint;
  readonly settings: UserSecuritySettings;
}

/** Throws OSGATE_KMC_SUBSCRIBER_INVALID, which names the field and never its secret, for what no subscriber can be. */
export function validateSubscriber(subscriber: Subscriber): void {
  const { impi, impus, k, opc, amf, sqn, settings } = subscriber;
  require(isImpi(impi), 'impi', 'is no private identity user@realm of at most 255 characters');
  require(impus.length > 0, 'impus', 'has no public identity');
  require(impus.length <= MAXIMUM_IMPUS, 'impus', `has more than ${MAXIMUM_IMPUS} public identities`);
  for (const impu of impus) {
    require(isImpu(impu), 'impus', `${JSON.stringify(impu)} is no sip:, sips: or tel: URI of at most 255 characters`);
  }
  require(new Set(impus).size === impus.length, 'impus', 'has a public identity twice');
  require(k.length === 16, 'k', 'is not 16 octets');
  require(opc.length === 16, 'opc', 'is not 16 octets');
  require(amf.length === 2, 'amf', 'is not 2 octets');
  // With the bit set, CK and IK are for EPS and 5GS and may not leave the home network (TS 33.102 Annex H).
  require(!hasSeparationBit(amf), 'amf', 'has the separation bit (8000) set, which GBA vectors may not have');
  require(sqn >= 0n && sqn <= MAXIMUM_SQN, 'sqn', 'is not 48 bits');
  validateSettings(settings);
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

/** An NAI: no blanks, quotes or control characters, for it travels in quoted strings and in the KDF. */
function isImpi(text: string): boolean {
  return text.length <= 255 && /^[^\s@"\\<>\p{Cc}]+@[A-Za-z0-9._-]+$/u.test(text);
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
