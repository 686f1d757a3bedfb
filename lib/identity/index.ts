export type { AuthenticationResult, Authenticator, RefusalReason } from './authenticator.ts';
export { AuthenticatorChain, type AuthenticatorChainOptions } from './authenticator-chain.ts';
export { GbaDigestAuthenticator, type GbaDigestAuthenticatorOptions } from './gba-digest-authenticator.ts';
export type { Identity } from './identity.ts';
export { KeyCache, type KeyCacheOptions, type KeyLookup } from './key-cache.ts';
export { judge, type Judgement } from './policy.ts';
export { removeCredentials, stripFromUntrusted, stripTowardsUntrusted } from './strip.ts';
export { TrustedAuthenticator, type TrustedAuthenticatorOptions } from './trusted-authenticator.ts';
