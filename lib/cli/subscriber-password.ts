import { KmcError } from '../../kmc/errors.ts';
import { readSecretText } from './read-secret-text.ts';
import { print, withSubscriberDatabase } from './subscriber-database.ts';

export interface PasswordOptions {
  readonly config: string;
  readonly passwordFile?: string;
  readonly remove?: true;
  readonly json?: true;
}

/** `osgate subscriber password`. Rejects with the KmcError that says what is wrong. */
export async function changePassword(impi: string, options: PasswordOptions): Promise<void> {
  const { config, passwordFile, remove, json } = options;
  if ((passwordFile === undefined) === (remove === undefined)) {
    throw new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', 'either --password-file or --remove must be given');
  }
  const password = passwordFile === undefined ? undefined : await readPassword(passwordFile);
  const changed = await withSubscriberDatabase(config, (database) =>
    database.setPassword(impi, password === undefined ? undefined : Buffer.from(password, 'utf8')),
  );
  if (!changed) throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', `there is no subscriber ${impi}`);
  const what = password === undefined ? 'removed the password of' : 'set the password of';
  print(json, { impi, password: password !== undefined }, `${what} ${impi}`);
}

/** The first and only line of the file. Blanks belong to the password, the line break at the end does not. */
export async function readPassword(file: string): Promise<string> {
  return (await readSecretText(file)).replace(/\r?\n$/, '');
}
