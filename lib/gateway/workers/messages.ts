import type { Config } from '../../config/index.ts';
import type { MetricsData, Readiness, ReloadReport, Status, TargetStatus, FlowList } from '../../ops/index.ts';
import type { WorkerPlace } from '../worker-place.ts';

/** What a supervisor can ask a worker, each with its argument and its answer. */
export interface Questions {
  metrics: { argument: undefined; answer: MetricsData };
  readiness: { argument: undefined; answer: Readiness };
  status: { argument: undefined; answer: Status };
  flows: { argument: number; answer: FlowList };
  targets: { argument: undefined; answer: readonly TargetStatus[] };
  drainTarget: { argument: { readonly uri: string; readonly draining: boolean }; answer: boolean };
  drain: { argument: boolean; answer: undefined };
  apply: { argument: Config; answer: ReloadReport };
}

export type Question = keyof Questions;

/** From supervisor to worker. They go over the channel that Node makes between a process and its child. */
export type SupervisorMessage =
  | {
      readonly type: 'start';
      readonly config: Config;
      readonly place: WorkerPlace;
      readonly draining: boolean;
      readonly drainedTargets: readonly string[];
    }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question; readonly argument: unknown }
  /** Refuse new sessions, finish what is under way, and say so; go on answering. */
  | { readonly type: 'finish' }
  | { readonly type: 'end' };

/** From worker to supervisor. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'finished' }
  /** It cannot start; the process ends. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly message: string };
