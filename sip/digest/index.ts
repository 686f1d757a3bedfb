export {
  DIGEST_ALGORITHMS,
  digestAlgorithm,
  digestHash,
  isDigestQop,
  isSessionAlgorithm,
  type DigestAlgorithm,
  type DigestHash,
  type DigestQop,
} from './algorithms.ts';
export { answerChallenge, type AnswerChallengeInput, type ChallengeAnswer } from './answer-challenge.ts';
export { isDigestScheme, parseDigestParameters, type AuthParameters } from './auth-parameters.ts';
export { formatChallenge, parseChallenge, type DigestChallenge } from './challenge.ts';
export {
  formatAuthenticationInfo,
  formatCredentials,
  formatNonceCount,
  parseAuthenticationInfo,
  parseCredentials,
  type AuthenticationInfo,
  type DigestCredentials,
} from './credentials.ts';
export { equalDigests } from './equal-digests.ts';
export { NonceCountWindow, type NonceCountVerdict, type NonceCountWindowOptions } from './nonce-count-window.ts';
export { NonceFactory, type NonceFactoryOptions, type NonceVerdict } from './nonce-factory.ts';
export { computeHa1, computeResponse, computeRspauth, type DigestResponseInput } from './response.ts';
