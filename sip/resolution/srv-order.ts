/** What the choice among SRV records needs of one. */
export interface Weighted {
  readonly weight: number;
}

/**
 * An order for records of one priority, drawn by weight (RFC 2782, "Weight"): each place goes to one of those that are left, in
 * proportion to its weight; records of weight 0 stand first in the draw, so that they are chosen seldom but not never.
 *
 * @param random gives numbers from 0 up to but not including 1
 */
export function weightedOrder<Record extends Weighted>(records: readonly Record[], random: () => number): Record[] {
  const left = records.toSorted((one, other) => Number(one.weight > 0) - Number(other.weight > 0));
  const ordered: Record[] = [];
  let sum = 0;
  for (const { weight } of left) sum += weight;
  while (left.length > 1) {
    const drawn = Math.floor(random() * (sum + 1));
    let running = 0;
    let index = 0;
    for (; index < left.length - 1; index++) {
      running += left[index]?.weight ?? 0;
      if (running >= drawn) break;
    }
    const [chosen] = left.splice(index, 1);
    if (chosen === undefined) break;
    sum -= chosen.weight;
    ordered.push(chosen);
  }
  return ordered.concat(left);
}
