export { isDigits, isToken, parseDecimal, trimWhitespace } from './characters.ts';
export type { HeaderField } from './field.ts';
export { CANONICAL_NAMES, headerName } from './header-names.ts';
export { SipMessage, SipRequest, SipResponse, parseCSeq, type CSeq } from './message.ts';
export { SIP_METHODS } from './methods.ts';
export { formatNameAddress, parseNameAddress, tagOf, type NameAddress } from './name-address.ts';
export {
  formatParameters,
  NO_PARAMETERS,
  parseParameters,
  quote,
  splitValues,
  unquote,
  type Parameters,
} from './parameters.ts';
export {
  DEFAULT_MESSAGE_LIMITS,
  isKeepAlive,
  parseMessage,
  type MessageLimits,
  type ParseFailure,
  type ParseResult,
} from './parse-message.ts';
export { reasonPhrase } from './reason-phrases.ts';
export { retryAfterSeconds } from './retry-after.ts';
export {
  formatHost,
  formatUri,
  isServiceUrn,
  isSipUri,
  isTelUri,
  parseHostPort,
  parseUri,
  type OtherUri,
  type SipUri,
  type TelUri,
  type Uri,
} from './uri.ts';
export { uriEquals } from './uri-equality.ts';
export { formatVia, parseVia, receivedFrom, type Via } from './via.ts';
