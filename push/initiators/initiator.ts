import type { PushMessageClass, PushPriority, Recipient } from '../message/index.ts';

/** Who may push, and what. */
export interface Initiator {
  readonly name: string;
  /**
   * Subscribers that it may push to: `*`, a domain (`example.com`, of a SIP URI or a private identity), or the beginning of
   * a telephone number (`tel:+49`).
   */
  readonly recipients: readonly string[];
  /** Applications that it may push to; undefined for all, and for pushes that name none. */
  readonly applicationIds?: readonly string[];
  /** Classes one of which each of its pushes must name; undefined for all, and for pushes that name none. */
  readonly messageClasses?: readonly PushMessageClass[];
  /** Where its notifications may go: beginnings of URLs. */
  readonly notifyUrls: readonly string[];
  readonly maximumContentOctets: number;
  readonly maximumOpenPushes: number;
  /** Pushes that it may hand in at once, and a second. */
  readonly burst: number;
  readonly perSecond: number;
  /** The highest priority that it may ask for. */
  readonly priority: PushPriority;
}

/** Whether the initiator may push to that subscriber. */
export function mayPushTo({ recipients }: Initiator, recipient: Recipient): boolean {
  const domain = domainOf(recipient);
  return recipients.some((pattern) => {
    if (pattern === '*') return true;
    if (pattern.startsWith('tel:')) return recipient.type === 'impu' && recipient.value.startsWith(pattern);
    return domain !== undefined && pattern.toLowerCase() === domain;
  });
}

/** Whether notifications may go there. A beginning that has no path covers no other host that begins alike. */
export function mayNotify({ notifyUrls }: Initiator, url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) return false;
  if (parsed.username !== '' || parsed.password !== '') return false;
  return notifyUrls.some((prefix) => {
    const allowed = new URL(prefix);
    return parsed.origin === allowed.origin && parsed.pathname.startsWith(allowed.pathname);
  });
}

/** The host part in lower case, without port and parameters; undefined for a telephone number, and where it is not clear. */
function domainOf({ value }: Recipient): string | undefined {
  if (/^tel:/i.test(value)) return undefined;
  // The user part may have ; and ? in it (RFC 3261 25.1), so it goes first.
  const [first = '', second, ...others] = value.replace(/^sips?:/i, '').split('@');
  if (others.length > 0) return undefined;
  return (second ?? first)
    .replace(/[;?].*$/s, '')
    .replace(/:\d+$/, '')
    .toLowerCase();
}
