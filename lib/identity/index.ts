export type { AuthenticationResult, Authenticator } from './authenticator.ts';
export { AuthenticatorChain, type AuthenticatorChainOptions } from './authenticator-chain.ts';
export { CertificateIdentities, type CertificateIdentitiesOptions } from './certificate-identities.ts';
export { ChannelAuthenticator, type ChannelAuthenticatorOptions, type ChannelScheme } from './channel-authenticator.ts';
export { channelIdentity, ChannelPeer, isSameSubscriber } from './channel-peer.ts';
export { ChannelProofs, type ChannelFacts, type ChannelJudgement, type ChannelProofParts } from './channel-proofs.ts';
export { DigestAuthenticator, type DigestAuthenticatorOptions } from './digest-authenticator.ts';
export { DigestUserCache, type CachedDigestUser, type DigestUserCacheOptions } from './digest-user-cache.ts';
export { GbaDigestAuthenticator, type GbaDigestAuthenticatorOptions } from './gba-digest-authenticator.ts';
export { GBA_PSK_HINT, GBA_PSK_SEPARATOR, GbaPsk, type GbaPskOptions } from './gba-psk.ts';
export type { Identity, SecuritySetting } from './identity.ts';
export { KeyCache, type KeyCacheOptions, type KeyLookup } from './key-cache.ts';
export { monotonicNow } from './monotonic-now.ts';
export { judge, type Judgement } from './policy.ts';
export { PushDigestAuthenticator, type PushDigestAuthenticatorOptions } from './push-digest-authenticator.ts';
export {
  PushKeyCache,
  type PushAssociationSource,
  type PushKeys,
  type PushKeysLookup,
  type PushKeysOptions,
} from './push-keys.ts';
export { PushPsk } from './push-psk.ts';
export type { PskProof, PskRequest, PskSource } from './psk-source.ts';
export {
  REFUSAL_REASONS,
  refusalReason,
  statusOf,
  type ChallengeReason,
  type RefusalReason,
  type StatusReason,
} from './refusal-reasons.ts';
export { MethodPolicy, permit, type SecurityRequirement } from './security-policy.ts';
export { StaticPsk, type StaticPskOptions } from './static-psk.ts';
export { removeCredentials, stripFromUntrusted, stripTowardsUntrusted } from './strip.ts';
export { TrustedAuthenticator, type TrustedAuthenticatorOptions } from './trusted-authenticator.ts';
