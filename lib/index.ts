// What `import ... from 'osgate'` gives: the gateway and what it is configured and watched with. The SIP engine and the key
// centre are libraries of their own: `osgate/sip` and `osgate/kmc`.
export * from './config/index.ts';
export { OSGATE_ERROR_CODES, OsgateError, type OsgateErrorCode } from './errors.ts';
export { startGateway } from './gateway/index.ts';
export type { Authenticator } from './identity/authenticator.ts';
export type { Identity } from './identity/identity.ts';
export * from './ops/index.ts';
export type { Store } from './store/store.ts';
