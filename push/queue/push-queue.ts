import type { PushMessage, PushState, PushStatus } from '../message/index.ts';

/** What became of a hand-in. */
export type Acceptance =
  /** It is on disk. */
  | 'accepted'
  /** The initiator has a push with that id already. */
  | 'duplicate'
  /** The queue, or the part of it that one subscriber or one initiator may have, is full. */
  | 'queue-full'
  | 'subscriber-full'
  | 'initiator-full';

export type Cancellation =
  | 'cancelled'
  /** It has ended, or may be on its way at this moment. */
  | 'too-late'
  | 'unknown';

/** A push whose time has come, with its place in the queue. */
export interface QueuedPush {
  /** Its place in the queue. */
  readonly key: number;
  /** What agents know it by; random, for an agent is not to learn how many pushes there are. */
  readonly wireId: string;
  readonly message: PushMessage;
  /** How often it was given to a carrier before. */
  readonly attempts: number;
}

/** How a push under way came to its end, or to be put off. */
export interface AttemptEnd {
  /** Whether it was given to a carrier. */
  readonly attempted: boolean;
  readonly reason?: string;
}

export type FinalState = Exclude<PushState, 'accepted' | 'delivering'>;

/** An end that the initiator wants to hear of, kept until it has. */
export interface ResultNotification {
  readonly key: number;
  readonly url: string;
  readonly status: PushStatus;
  readonly attempts: number;
}

/**
 * Pushes on disk. What a method resolves with is durable: a process that is killed at any moment has every push that was
 * accepted, and none twice. Rejects with PushError OSGATE_PUSH_QUEUE when the disk cannot be used.
 */
export interface PushQueue {
  accept(message: PushMessage): Promise<Acceptance>;
  /** Accepts a push, and ends the one with the id `replaced` unless it has ended or may be on its way: then `too-late`, and nothing is accepted. */
  replace(replaced: string, message: PushMessage): Promise<Acceptance | 'too-late' | 'unknown'>;
  cancel(initiator: string, id: string): Promise<Cancellation>;
  status(initiator: string, id: string): Promise<PushStatus | undefined>;
  /** Pushes that are due, by priority and then by age, none of a subscriber that has one under way; each is under way until settled or put off. */
  take(maximum: number): Promise<readonly QueuedPush[]>;
  settle(key: number, state: FinalState, end: AttemptEnd): Promise<void>;
  /** Puts a push off until a time; it is no longer under way. */
  putOff(key: number, until: number, end: AttemptEnd): Promise<void>;
  /** Ends what has expired; gives how many that were. */
  expire(): Promise<number>;
  /** When the next push is due or expires, in milliseconds since 1970-01-01T00:00:00Z; undefined when none is waiting. */
  nextDue(): Promise<number | undefined>;
  /** Notifications that are due, without those of some initiators, the longest due first. */
  notifications(maximum: number, without?: readonly string[]): Promise<readonly ResultNotification[]>;
  /** The initiator has heard, or will not: forgotten. */
  notified(key: number): Promise<void>;
  putOffNotification(key: number, until: number): Promise<void>;
  /** Pushes that have not ended. */
  size(): Promise<number>;
  close(): Promise<void>;
}
