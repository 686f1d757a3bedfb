import { BRANCH_COOKIE } from '../../../sip/index.ts';

const MARK_DIGITS = 2;

/** What stands behind the cookie in every branch that a worker makes: its slot, two hexadecimal digits. */
export function branchMark(slot: number): string {
  return slot.toString(16).padStart(MARK_DIGITS, '0');
}

/** The slot that a branch names; undefined where it has none, so cannot be of a worker. Anybody may have written it. */
export function slotOfBranch(branch: string): number | undefined {
  if (!branch.startsWith(BRANCH_COOKIE)) return undefined;
  const high = digit(branch.charCodeAt(BRANCH_COOKIE.length));
  const low = digit(branch.charCodeAt(BRANCH_COOKIE.length + 1));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

/** -1 for what is no lower-case hexadecimal digit; the end of the text is none either. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
