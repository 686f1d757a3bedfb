import type { UserSecuritySetting } from '../../kmc/subscribers/index.ts';

export type UssOptionResult =
  { readonly ok: true; readonly uss: UserSecuritySetting } | { readonly ok: false; readonly reason: string };

/** Reads `gsid=0,type=0,uid=sip:a@b,flag=1,nafGroup=A,keyChoice=ME_BASED_KEY`; uid and flag may be repeated. */
export function parseUssOption(option: string): UssOptionResult {
  const once = new Map<string, string>();
  const uids: string[] = [];
  const flags: number[] = [];
  // A URI may have commas in it: only one before the name of a part divides.
  for (const part of option.split(/,(?=[A-Za-z]+=)/)) {
    const [, name = '', value = ''] = /^([A-Za-z]+)=(.+)$/.exec(part.trim()) ?? [];
    if (name === 'uid') {
      uids.push(value);
    } else if (name === 'flag') {
      const flag = count(value);
      if (flag === undefined) return refuse('has a flag that is no number');
      flags.push(flag);
    } else if (!PARTS.includes(name)) {
      return refuse(`has ${JSON.stringify(part)}, expected gsid, type, nafGroup, uid, flag or keyChoice, each with =`);
    } else if (once.has(name)) {
      return refuse(`has ${name} twice`);
    } else {
      once.set(name, value);
    }
  }
  const gsid = count(once.get('gsid') ?? '');
  if (gsid === undefined) return refuse('has no gsid, a number');
  // For 3GPP services the two are equal (TS 29.109 6.3.1.4).
  const type = count(once.get('type') ?? String(gsid));
  if (type === undefined) return refuse('has a type that is no number');
  const nafGroup = once.get('nafGroup');
  const keyChoice = once.get('keyChoice');
  if (keyChoice !== undefined && !isKeyChoice(keyChoice)) return refuse('has an unknown keyChoice');
  const uss: UserSecuritySetting = {
    gsid,
    type,
    ...(nafGroup !== undefined && { nafGroup }),
    uids,
    flags,
    ...(keyChoice !== undefined && { keyChoice }),
  };
  return { ok: true, uss };
}

const PARTS: readonly string[] = ['gsid', 'type', 'nafGroup', 'keyChoice'];

function isKeyChoice(text: string): text is NonNullable<UserSecuritySetting['keyChoice']> {
  return text === 'ME_BASED_KEY' || text === 'UICC_BASED_KEY' || text === 'ME_UICC_BASED_KEYS';
}

function count(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}

function refuse(reason: string): UssOptionResult {
  return { ok: false, reason };
}
