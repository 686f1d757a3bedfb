import { deriveOpc } from '../aka/milenage.ts';
import { KmcError } from '../errors.ts';
import { type Subscriber, validateSubscriber } from './subscriber.ts';
import type { UserSecuritySettings } from './user-security-settings.ts';

/** A subscriber as an operator writes it down, on a command line or in a CSV file. */
export interface SubscriberFields {
  readonly impi?: string;
  /** Default: `sip:` and the IMPI, as for a card without an ISIM (TS 23.003 13.4B). */
  readonly impus?: readonly string[];
  /** 32 hexadecimal digits. */
  readonly k?: string;
  /** 32 hexadecimal digits; either this or `op`. */
  readonly opc?: string;
  readonly op?: string;
  /** 4 hexadecimal digits. Default 0000. */
  readonly amf?: string;
  /** Up to 12 hexadecimal digits. Default 0. */
  readonly sqn?: string;
  readonly settings?: UserSecuritySettings;
}

/** `field` is the name of the one that is wrong; `reason` never holds a secret. */
export type SubscriberFieldsResult =
  | { readonly ok: true; readonly subscriber: Subscriber }
  | { readonly ok: false; readonly field: string; readonly reason: string };

/** Makes a subscriber of what an operator wrote, or says what is wrong with it. */
export function parseSubscriberFields(fields: SubscriberFields): SubscriberFieldsResult {
  const { impi = '', impus, op, opc, settings = { bsfInfo: {}, ussList: [] } } = fields;
  if (impi === '') return refuse('impi', 'is missing');
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

  const subscriber: Subscriber = {
    impi,
    impus: impus === undefined || impus.length === 0 ? [`sip:${impi}`] : impus,
    k,
    opc: operator === 'op' ? deriveOpc(k, operatorKey) : operatorKey,
    amf,
    sqn: BigInt(`0x${sqn.replace(/^0x/, '')}`),
    settings,
  };
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

function refuse(field: string, reason: string): SubscriberFieldsResult {
  return { ok: false, field, reason };
}

function hexadecimal(text: string | undefined, digits: number): Buffer | undefined {
  if (text?.length !== digits || !/^[0-9a-fA-F]+$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}
