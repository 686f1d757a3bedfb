/** The base timers of RFC 3261 table 4, in milliseconds; the others are made of them. */
export interface TransactionTimers {
  /** An estimate of the round-trip time. */
  readonly t1: number;
  /** The longest interval between retransmissions of a non-INVITE request or an INVITE response. */
  readonly t2: number;
  /** How long a message may stay in the network. */
  readonly t4: number;
}

export const DEFAULT_TIMERS: TransactionTimers = { t1: 500, t2: 4000, t4: 5000 };

/** Timers B, F, H, J, L and M: how long a transaction may last (RFC 3261 17, RFC 6026). */
export function transactionTimeout(timers: TransactionTimers): number {
  return 64 * timers.t1;
}

/** Timer D: how long answers to our ACK may still come, at least 32 s over UDP (RFC 3261 17.1.1.2). */
export function timerD(timers: TransactionTimers): number {
  return Math.max(32_000, 64 * timers.t1);
}
