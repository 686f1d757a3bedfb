/** The SIP engine: messages, transports, transactions, a proxy core and digest authentication. See sip/README.md. */
export * from './digest/index.ts';
export * from './errors.ts';
export { Hmac } from './hmac.ts';
export * from './message/index.ts';
export * from './proxy/index.ts';
export * from './resolution/index.ts';
export type { Scheduler, Timer } from './scheduler.ts';
export * from './transaction/index.ts';
export * from './transport/index.ts';
