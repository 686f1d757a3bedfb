export type { DigestUser, DigestUserSource } from './digest-user-source.ts';
export { effectiveSettings } from './effective-settings.ts';
export { GroupCommit } from './group-commit.ts';
export { formatGuss, formatUssList, parseGuss, parseUssList, type Guss } from './guss-xml.ts';
export { createSecretKeyFile, loadSecretKey, type SecretKeyLocation } from './load-secret-key.ts';
export { LocalDigestUserSource, type LocalDigestUserSourceOptions } from './local-digest-user-source.ts';
export { LocalSubscriberSource, type LocalSubscriberSourceOptions } from './local-subscriber-source.ts';
export { openSqliteFile } from './open-sqlite-file.ts';
export { SecretBox, SecretKey } from './secret-box.ts';
export { SubscriberDatabase, type SubscriberDatabaseOptions, type SubscriberSummary } from './subscriber-database.ts';
export { parseSubscriberFields, type SubscriberFields, type SubscriberFieldsResult } from './subscriber-fields.ts';
export type {
  AuthenticationVector,
  Resynchronisation,
  SubscriberAuthentication,
  SubscriberSource,
} from './subscriber-source.ts';
export { validateSubscriber, type AnySubscriber, type PasswordSubscriber, type Subscriber } from './subscriber.ts';
export {
  formatCsvProblem,
  parseSubscribersCsv,
  type SubscribersCsvProblem,
  type SubscribersCsvResult,
} from './subscribers-csv.ts';
export type { BsfInfo, UserSecuritySetting, UserSecuritySettings } from './user-security-settings.ts';
