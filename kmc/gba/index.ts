export { authenticationTokenStar } from './authentication-token-star.ts';
export { formatBtid, parseBtid, type Btid } from './btid.ts';
export { kdf, kdfInput, kdfString } from './kdf.ts';
export { NafId } from './naf-id.ts';
export { deriveKs, deriveKsExtNaf, deriveKsIntNaf, deriveKsNaf, nafKeyPassword, type NafKeyInput } from './naf-keys.ts';
export { deriveTmpi, isTmpi, type TmpiInput } from './tmpi.ts';
export { UaSecurityProtocolId, type UaOrganisation } from './ua-security-protocol-id.ts';
