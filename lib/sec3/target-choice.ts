import { weightedOrder } from '../../sip/index.ts';
import type { SipTarget } from './sip-target.ts';

/** The targets of a rule by priority: the first group is tried before the second; prepared once, since it never changes. */
export type TargetGroups = readonly (readonly SipTarget[])[];

const NONE: readonly SipTarget[] = [];

export function groupByPriority(targets: readonly SipTarget[]): TargetGroups {
  const priorities = [...new Set(targets.map(({ priority }) => priority))].sort((one, other) => one - other);
  return priorities.map((priority) => targets.filter((target) => target.priority === priority));
}

/**
 * The targets that may be given a request, in the order to try them: by priority, within one drawn by weight, and those that
 * failed lately behind all others, in the same order.
 *
 * @param now milliseconds of the clock that the targets were marked with
 * @param random gives numbers from 0 up to but not including 1
 */
export function chooseTargets(groups: TargetGroups, now: number, random: () => number): readonly SipTarget[] {
  const [only = NONE] = groups;
  const [single] = only;
  // The usual case, without a list of its own for each request.
  if (groups.length === 1 && only.length === 1 && single !== undefined) return single.takes(now) ? only : NONE;
  const alive: SipTarget[] = [];
  let avoided: SipTarget[] | undefined;
  for (const group of groups) {
    const order = group.length === 1 ? group : weightedOrder(group, random);
    for (const target of order) {
      if (!target.takes(now)) continue;
      if (target.isAlive(now)) alive.push(target);
      else (avoided ??= []).push(target);
    }
  }
  return avoided === undefined ? alive : alive.concat(avoided);
}
