export {
  BootstrappingFunction,
  type BootstrappingContext,
  type BootstrappingFunctionOptions,
  type Challenge,
} from './bootstrapping-function.ts';
export { ChallengeLimiter, type ChallengeLimiterOptions } from './challenge-limiter.ts';
export type { ContextStore } from './context-store.ts';
export { EmbeddedKeyCentre, type NafRights } from './embedded-key-centre.ts';
