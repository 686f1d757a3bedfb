/** One reason for which the edge does not let a request through. */
export interface RefusalReasonEntry {
  /** What the peer gets; `challenge` is 407, or 401 where `challenge: server` is configured; `none` is no answer at all. */
  readonly status: number | 'challenge' | 'none';
  /** What is wrong, for docs/refusals.md. */
  readonly meaning: string;
  /** `normal`: part of the usual course of things, or so cheap to cause that it must not fill a log; level debug. */
  readonly log?: 'normal';
  /** False keeps the reason to ourselves: the response has no Warning. A challenge never has one. */
  readonly told?: false;
}
