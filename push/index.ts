export * from './association/index.ts';
export * from './carriers/index.ts';
export * from './envelope/index.ts';
export { PUSH_ERROR_CODES, PushError, type PushErrorCode } from './errors.ts';
export * from './gpi/index.ts';
export * from './layer/index.ts';
export * from './message/index.ts';
export * from './queue/index.ts';
