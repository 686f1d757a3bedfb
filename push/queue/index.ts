export { GroupCommit } from '../../kmc/index.ts';
export type {
  Acceptance,
  AttemptEnd,
  Cancellation,
  FinalState,
  PushQueue,
  QueuedPush,
  ResultNotification,
} from './push-queue.ts';
export { SqlitePushQueue, type SqlitePushQueueOptions } from './sqlite-push-queue.ts';
