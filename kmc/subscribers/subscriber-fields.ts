import { deriveOpc } from '../aka/milenage.ts';
import { KmcError } from '../errors.ts';
import { type AnySubscriber, type Subscriber, validateSubscriber } from './subscriber.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** A subscriber as an operator writes it down, on a command line or in a CSV file. */
export interface SubscriberFields {
  readonly impi?: string;
  /** Default: `sip:` and the IMPI, as for a card without an ISIM (TS 23.003 13.4B); none for a plain user name. */
  readonly impus?: readonly string[];
  /** 32 hexadecimal digits; may be absent, with all that goes with it, where there is a password. */
  readonly k?: string;
  /** 32 hexadecimal digits; either this or `op`. */
  readonly opc?: string;
  readonly op?: string;
  /** 4 hexadecimal digits. Default 0000. */
  readonly amf?: string;
  /** Up to 12 hexadecimal digits. Default 0. */
  readonly sqn?: string;
  /** Hashed as its octets in UTF-8. */
  readonly password?: string;
  readonly settings?: UserSecuritySettings;
}

/** `field` is the name of the one that is wrong; `reason` never holds a secret. */
export type SubscriberFieldsResult =
  | { readonly ok: true; readonly subscriber: AnySubscriber }
  | { readonly ok: false; readonly field: string; readonly reason: string };

/** Makes a subscriber of what an operator wrote, or says what is wrong with it. */
export function parseSubscriberFields(fields: SubscriberFields): SubscriberFieldsResult {
  const { impi = '', settings = { bsfInfo: {}, ussList: [] } } = fields;
  if (impi === '') return refuse('impi', 'is missing');
  const impus = fields.impus?.length ? fields.impus : impi.includes('@') ? [`sip:${impi}`] : undefined;
  if (impus === undefined) return refuse('impus', 'is missing: a user name without a realm makes no public identity');
  const password = fields.password === undefined ? undefined : Buffer.from(fields.password, 'utf8');

  let subscriber: AnySubscriber;
  if (password !== undefined && fields.k === undefined) {
    const needless = (['opc', 'op', 'amf', 'sqn'] as const).find((name) => fields[name] !== undefined);
    if (needless !== undefined) return refuse(needless, 'cannot be given without k');
    subscriber = { impi, impus, settings, password };
  } else {
    const aka = parseAka(fields);
    if ('reason' in aka) return aka;
    subscriber = { impi, impus, ...aka, settings, ...(password !== undefined && { password }) };
  }
  try {
    validateSubscriber(subscriber);
  } catch (error) {
    if (!(error instanceof KmcError)) throw error;
    // The message starts with the field's name.
    const [field = '', ...reason] = error.message.split(' ');
    return refuse(field, reason.join(' '));
  }
  return { ok: true, subscriber };
}

type Refusal = Extract<SubscriberFieldsResult, { ok: false }>;

function parseAka(fields: SubscriberFields): Pick<Subscriber, 'k' | 'opc' | 'amf' | 'sqn'> | Refusal {
  const { op, opc } = fields;
  const k = hexadecimal(fields.k, 32);
  if (k === undefined) return refuse('k', 'is not 32 hexadecimal digits');
  if ((op ?? '') !== '' && (opc ?? '') !== '') return refuse('opc', 'and op cannot both be given');
  const operator = (op ?? '') === '' ? 'opc' : 'op';
  const operatorKey = hexadecimal(operator === 'op' ? op : opc, 32);
  if (operatorKey === undefined) return refuse(operator, 'is not 32 hexadecimal digits');
  const amf = hexadecimal(fields.amf ?? '0000', 4);
  if (amf === undefined) return refuse('amf', 'is not 4 hexadecimal digits');
  const sqn = fields.sqn ?? '0';
  if (!/^(?:0x)?[0-9a-fA-F]{1,12}$/.test(sqn)) return refuse('sqn', 'is not 1 to 12 hexadecimal digits');
  return {
    k,
    opc: operator === 'op' ? deriveOpc(k, operatorKey) : operatorKey,
    amf,
    sqn: BigInt(`0x${sqn.replace(/^0x/, '')}`),
  };
}

function refuse(field: string, reason: string): Refusal {
  return { ok: false, field, reason };
}

function hexadecimal(text: string | undefined, digits: number): Buffer | undefined {
  if (text?.length !== digits || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}
