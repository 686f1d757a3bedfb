import type { EngineRefusal } from '../transaction/index.ts';

/** Why the proxy core refused a request without asking its handler. */
export type ProxyRefusal =
  | EngineRefusal
  | 'no-transaction'
  | 'malformed-request-uri'
  | 'unsupported-uri-scheme'
  | 'too-many-hops'
  | 'loop'
  | 'max-breadth'
  | 'bad-extension'
  | 'malformed-route'
  /** No target answered in time. */
  | 'target-timeout'
  /** The last target that was tried answered 503. */
  | 'target-unavailable'
  | 'client-transactions-full';
