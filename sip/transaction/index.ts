export { DEFAULT_TIMERS, type TransactionTimers } from './timers.ts';
export { TimerWheel } from './timer-wheel.ts';
export {
  TransactionEngine,
  type FlowSizing,
  type MessageObserver,
  type TransactionEngineOptions,
  type TransactionLimits,
} from './transaction-engine.ts';
export { BRANCH_COOKIE } from './transaction-key.ts';
export type {
  ClientTransaction,
  ClientTransactionHandler,
  EngineRefusal,
  ServerTransaction,
  TransactionUser,
} from './transaction-user.ts';
