/** One figure, as one JSON object on one line of standard output; everything else goes to standard error. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The median over the rounds. */
  readonly osgate: number;
  /** The median of each peer that was measured in the same run. */
  readonly peers?: Readonly<Record<string, number>>;
}

export function printFigure({ name, unit, osgate, peers = {} }: Figure): void {
  // Nothing failed anywhere: 0 of 0 is no ratio.
  const ratios = Object.entries(peers).map(([peer, value]) => [peer, osgate / value] as const);
  const ratio = Object.fromEntries(
    ratios.filter(([, value]) => Number.isFinite(value)).map(([peer, value]) => [peer, round(value)]),
  );
  const rounded = Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, round(value)]));
  console.log(JSON.stringify({ name, unit, osgate: round(osgate), peers: rounded, ratio }));
}

export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three significant digits are more than a shared machine can promise. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
