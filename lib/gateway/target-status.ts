import type { TargetStatus } from '../ops/index.ts';
import type { SipTargetTable } from '../sec3/index.ts';

/** What the admin API shows of the targets. */
export function targetStatus(table: SipTargetTable, now: number): TargetStatus[] {
  return table.rules.flatMap((rule) =>
    rule.targets.map((target) => ({
      rule: rule.name,
      uri: target.uri,
      alive: target.isAlive(now),
      draining: target.draining,
    })),
  );
}

/** Drains a target in every rule that has it; false when none has. */
export function setTargetDraining(table: SipTargetTable, uri: string, draining: boolean): boolean {
  const found = table.rules.flatMap((rule) => rule.targets.filter((target) => target.uri === uri));
  for (const target of found) target.draining = draining;
  return found.length > 0;
}
