export { hasSeparationBit } from './amf.ts';
export { buildAuts, parseAutn, verifyAutn, verifyAuts, type Autn, type VerifiedAutn } from './authentication-token.ts';
export { generateVector, type VectorInput } from './authentication-vector.ts';
export { deriveOpc, Milenage, type AkaAlgorithm, type AkaOutputs } from './milenage.ts';
export {
  DEFAULT_DELTA,
  DEFAULT_IND_BITS,
  formatSqn,
  indexOf,
  MAXIMUM_SQN,
  nextSqn,
  parseSqn,
  resynchronisedSqn,
  sequenceOf,
} from './sequence-number.ts';
export { SqnArray, type SqnArrayOptions, type SqnVerdict } from './sqn-array.ts';
