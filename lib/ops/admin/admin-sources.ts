/** Whether requests should be sent here; every check has its own word in the answer of GET /ready. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
}

/** One SEC-3 target. */
export interface TargetStatus {
  /** The name of its group in `gateway.sec3.sip`. */
  readonly rule: string;
  readonly uri: string;
  readonly weight: number;
  readonly priority: number;
  /** How it is treated: see docs/targets.md. */
  readonly state: 'up' | 'avoided' | 'retry-after' | 'down' | 'draining';
  /** Requests that it has not answered yet. */
  readonly inFlight: number;
  /** What became of requests to it, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** One flow of an agent (RFC 5626). */
export type FlowStatus = Readonly<Record<string, string | number | boolean>>;

/** Those who keep flows tell of them here. */
export interface FlowsProvider {
  readonly count: number;
  /** At most so many. */
  list(limit: number): readonly FlowStatus[];
}

export interface FlowList {
  readonly total: number;
  readonly flows: readonly FlowStatus[];
}

/** What GET /status shows: plain data. */
export type Status = Readonly<Record<string, unknown>>;

export interface ReloadReport {
  /** Keys whose new value is in effect. */
  readonly applied: readonly string[];
  /** Keys whose new value needs a restart. */
  readonly ignored: readonly string[];
}

export type ReloadOutcome =
  | ({ readonly outcome: 'applied' } & ReloadReport)
  /** The configuration is wrong, and the old one stays. */
  | { readonly outcome: 'refused'; readonly problems: readonly string[] };

/** What the admin API asks: one gateway, or a supervisor that asks all of its workers. */
export interface AdminSources {
  readiness(): Promise<Readiness>;
  status(): Promise<Status>;
  flows(limit: number): Promise<FlowList>;
  targets(): Promise<readonly TargetStatus[]>;
  /** False when no target has that URI. */
  drainTarget(uri: string, draining: boolean): Promise<boolean>;
  /** Refuses new sessions, or takes them again. */
  drain(draining: boolean): Promise<void>;
  reload(): Promise<ReloadOutcome>;
}
