export * from './aka/index.ts';
export * from './bootstrapping/index.ts';
export { KMC_ERROR_CODES, KmcError, type KmcErrorCode } from './errors.ts';
export * from './gba/index.ts';
export type { BootstrappingInfo, BootstrappingInfoRequest, KeyCentre } from './key-centre.ts';
export * from './nbsp/index.ts';
export * from './push-info/index.ts';
export * from './subscribers/index.ts';
export * from './ub/index.ts';
