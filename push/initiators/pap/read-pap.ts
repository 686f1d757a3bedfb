import { PUSH_PRIORITIES } from '../../message/index.ts';
import type { PapPushMessage, PapRequest } from './pap-messages.ts';
import { attributeOf, childNames, children, onlyChild, readPapElement, type XmlElement } from './pap-xml.ts';

/** What was read, or what is wrong with it in words for the initiator. */
export type PapReading =
  { readonly ok: true; readonly request: PapRequest } | { readonly ok: false; readonly problem: string };

const DELIVERY_METHODS = ['confirmed', 'preferconfirmed', 'unconfirmed', 'notspecified'] as const;
const REPLACE_METHODS = ['pending-only', 'all'] as const;
const TRUTHS = ['true', 'false'] as const;
const NOT_SERVED: readonly string[] = ['ccq-message', 'resultnotification-response'];
const MAXIMUM_ADDRESSES = 100;

/** Reads the control entity of a request (OMA-TS-PAP 9). */
export function readPap(xml: string): PapReading {
  const pap = readPapElement(xml);
  if (pap === undefined) return problem('no document with the element pap');
  const [element, ...others] = childNames(pap);
  const message = element === undefined ? undefined : onlyChild(pap, element);
  if (element === undefined || message === undefined || others.length > 0) return problem('pap has not one message');
  try {
    switch (element) {
      case 'push-message':
        return { ok: true, request: readPush(message) };
      case 'cancel-message':
        return { ok: true, request: { kind: 'cancel', pushId: pushIdOf(message), addresses: addressesOf(message) } };
      case 'statusquery-message': {
        const [pushId, addresses] = [pushIdOf(message), addressesOf(message)];
        return { ok: true, request: { kind: 'status-query', pushId, addresses } };
      }
      default:
        return NOT_SERVED.includes(element)
          ? { ok: true, request: { kind: 'not-implemented', element } }
          : problem(`${element} is no request of PAP`);
    }
  } catch (error) {
    if (error instanceof Unreadable) return problem(error.message);
    throw error;
  }
}

/** Ends the reading of a document, within this file. */
class Unreadable extends Error {}

function readPush(message: XmlElement): PapPushMessage {
  const quality = children(message, 'quality-of-service');
  if (quality.length > 1) throw new Unreadable('push-message has more than one quality-of-service');
  const service = quality[0] ?? {};
  const addresses = addressesOf(message);
  if (addresses.length === 0) throw new Unreadable('push-message has no address');
  const deliverBefore = timeOf(message, 'deliver-before-timestamp');
  const deliverAfter = timeOf(message, 'deliver-after-timestamp');
  const notifyUrl = attributeOf(message, 'ppg-notify-requested-to');
  const replacePushId = attributeOf(message, 'replace-push-id');
  return {
    kind: 'push',
    pushId: pushIdOf(message),
    addresses,
    ...(deliverBefore === undefined ? {} : { deliverBefore }),
    ...(deliverAfter === undefined ? {} : { deliverAfter }),
    ...(notifyUrl === undefined ? {} : { notifyUrl }),
    progressNotesRequested: choiceOf(message, 'progress-notes-requested', TRUTHS, 'false') === 'true',
    ...(replacePushId === undefined ? {} : { replacePushId }),
    replaceMethod: choiceOf(message, 'replace-method', REPLACE_METHODS, 'all'),
    priority: choiceOf(service, 'priority', PUSH_PRIORITIES, 'medium'),
    deliveryMethod: choiceOf(service, 'delivery-method', DELIVERY_METHODS, 'notspecified'),
    networkRequired: choiceOf(service, 'network-required', TRUTHS, 'false') === 'true',
    bearerRequired: choiceOf(service, 'bearer-required', TRUTHS, 'false') === 'true',
  };
}

function pushIdOf(message: XmlElement): string {
  const pushId = attributeOf(message, 'push-id');
  if (pushId === undefined || pushId === '') throw new Unreadable('push-id is missing');
  return pushId;
}

function addressesOf(message: XmlElement): string[] {
  const addresses = children(message, 'address').map((address) => attributeOf(address, 'address-value'));
  if (addresses.length > MAXIMUM_ADDRESSES) throw new Unreadable(`more than ${MAXIMUM_ADDRESSES} addresses`);
  return addresses.map((address) => {
    if (address === undefined || address === '') throw new Unreadable('an address has no address-value');
    return address;
  });
}

/** UTC in the form of ISO 8601, with seconds: 2026-11-24T12:00:00Z (OMA-TS-PAP, %Datetime). */
function timeOf(message: XmlElement, name: string): number | undefined {
  const text = attributeOf(message, name);
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new Unreadable(`${name} is no time such as 2026-11-24T12:00:00Z`);
  return time;
}

function choiceOf<T extends string>(element: XmlElement, name: string, choices: readonly T[], otherwise: T): T {
  const text = attributeOf(element, name);
  if (text === undefined) return otherwise;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new Unreadable(`${name} is none of ${choices.join(', ')}`);
  return choice;
}

function problem(text: string): PapReading {
  return { ok: false, problem: text };
}
