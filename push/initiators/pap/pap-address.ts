import type { Recipient } from '../../message/index.ts';
import { privateIdentity, publicIdentity } from '../identities.ts';

/**
 * The subscriber that an address of PAP names; undefined for what is none that osgate can push to.
 *
 * `WAPPUSH=alice%40example.com/TYPE=USER@ppg.example.net` is a private identity, or with `sip:` before it a public one;
 * `WAPPUSH=+491701234567/TYPE=PLMN@ppg.example.net` is the public identity `tel:+491701234567` (OMA-TS-PPG 7, from general
 * knowledge). A bare SIP or tel URI is a public identity; that is osgate's own.
 */
export function recipientOfPapAddress(address: string): Recipient | undefined {
  if (/^(?:sips?|tel):/i.test(address)) return publicIdentity(address);
  const [, escaped, type] =
    /^WAPPUSH=([^/]{1,512})\/TYPE=([A-Za-z0-9]{1,16})@[A-Za-z0-9.:[\]-]{1,255}$/i.exec(address) ?? [];
  if (escaped === undefined || type === undefined) return undefined;
  const value = unescape(escaped);
  if (value === undefined) return undefined;
  switch (type.toUpperCase()) {
    case 'PLMN':
      return /^\+[0-9]{3,15}$/.test(value) ? { type: 'impu', value: `tel:${value}` } : undefined;
    case 'USER':
      return /^(?:sips?|tel):/i.test(value) ? publicIdentity(value) : privateIdentity(value);
    default:
      return undefined;
  }
}

/** The address of a subscriber, for notifications; `host` is the push proxy's own name. */
export function papAddressOf({ type, value }: Recipient, host: string): string {
  return type === 'impu' ? value : `WAPPUSH=${encodeURIComponent(value)}/TYPE=USER@${host}`;
}

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
