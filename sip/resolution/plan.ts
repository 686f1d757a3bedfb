import type { Destination } from './destination.ts';
import { weightedOrder, type Weighted } from './srv-order.ts';

/** One server behind a name: all its addresses, and its share among those of the same priority. */
export interface PlanServer extends Weighted {
  readonly destinations: readonly Destination[];
}

/** Where a name leads: groups of servers in the order of their priority, of which each is drawn by weight. */
export interface Plan {
  /** `none`: the DNS says that there is nothing; `failed`: nobody knows. */
  readonly outcome: 'found' | 'none' | 'failed';
  readonly groups: readonly (readonly PlanServer[])[];
  /** The shortest time to live of the records that it is made of; 0 when a part of them could not be had. */
  readonly ttlMilliseconds: number;
  /** Records left out because there were more than allowed. */
  readonly truncated: number;
}

/** True when no draw is needed: the order of the destinations is always the same. */
export function isFixed(plan: Plan): boolean {
  return plan.groups.every((servers) => servers.length <= 1);
}

/** The destinations in the order in which one request should try them. */
export function destinationsOf(plan: Plan, random: () => number): readonly Destination[] {
  const ordered: Destination[] = [];
  for (const servers of plan.groups) {
    for (const { destinations } of weightedOrder(servers, random)) ordered.push(...destinations);
  }
  return ordered;
}
