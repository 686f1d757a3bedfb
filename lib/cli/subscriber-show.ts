import { KmcError } from '../../kmc/errors.ts';
import { createSecretKeyFile, type AnySubscriber, type UserSecuritySetting } from '../../kmc/subscribers/index.ts';
import { formatSequenceNumber, print, withSubscriberDatabase } from './subscriber-database.ts';

export interface ListOptions {
  readonly config: string;
  readonly json?: true;
}

export interface ShowOptions extends ListOptions {
  readonly secrets?: true;
}

export interface KeyOptions {
  readonly file: string;
}

/** `osgate subscriber list`: one line a subscriber, divided by tabs. */
export async function listSubscribers({ config, json }: ListOptions): Promise<void> {
  const subscribers = await withSubscriberDatabase(config, (database) => database.list());
  const rows = subscribers.map(({ impi, impus, sqn, password }) => ({
    impi,
    impus,
    ...(sqn !== undefined && { sqn: formatSequenceNumber(sqn) }),
    password,
  }));
  const lines = rows.map(({ impi, impus, sqn, password }) =>
    [impi, sqn ?? '-', impus.join(' '), ...(password ? ['password'] : [])].join('\t'),
  );
  print(json, rows, lines.join('\n'));
}

/** `osgate subscriber show`: K and OPc only when they are asked for, a password never. */
export async function showSubscriber(impi: string, { config, json, secrets }: ShowOptions): Promise<void> {
  const subscriber = await withSubscriberDatabase(config, (database) => database.get(impi));
  if (subscriber === undefined) throw unknown(impi);
  const shown = describe(subscriber, secrets === true);
  print(json, shown, inWords(shown));
}

/** `osgate subscriber remove`. */
export async function removeSubscriber(impi: string, { config, json }: ListOptions): Promise<void> {
  const removed = await withSubscriberDatabase(config, (database) => database.remove(impi));
  if (!removed) throw unknown(impi);
  print(json, { removed: impi }, `removed ${impi}`);
}

/** `osgate subscriber key`. */
export async function createKey({ file }: KeyOptions): Promise<void> {
  await createSecretKeyFile(file);
  print(false, undefined, `made ${file}: keep a copy in a safe place, for the database is lost without it`);
}

interface ShownSubscriber {
  readonly impi: string;
  readonly impus: readonly string[];
  readonly k?: string;
  readonly opc?: string;
  readonly amf?: string;
  readonly sqn?: string;
  /** Whether there is one. */
  readonly password: boolean;
  readonly uiccType?: string;
  readonly lifeTime?: number;
  readonly ussList: readonly UserSecuritySetting[];
}

function describe(subscriber: AnySubscriber, secrets: boolean): ShownSubscriber {
  const { impi, impus, password, settings } = subscriber;
  return {
    impi,
    impus,
    ...(subscriber.k !== undefined && {
      ...(secrets && { k: subscriber.k.toString('hex'), opc: subscriber.opc.toString('hex') }),
      amf: subscriber.amf.toString('hex'),
      sqn: formatSequenceNumber(subscriber.sqn),
    }),
    password: password !== undefined,
    ...settings.bsfInfo,
    ussList: settings.ussList,
  };
}

function inWords({ ussList, password, ...rest }: ShownSubscriber): string {
  const lines = Object.entries({ ...rest, ...(password && { password: 'set' }) }).map(
    ([name, value]: [string, unknown]) => {
      return `${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`;
    },
  );
  for (const { gsid, type, nafGroup, uids, flags, keyChoice } of ussList) {
    const parts = [
      `gsid=${gsid}`,
      `type=${type}`,
      ...(nafGroup === undefined ? [] : [`nafGroup=${nafGroup}`]),
      ...uids.map((uid) => `uid=${uid}`),
      ...flags.map((flag) => `flag=${flag}`),
      ...(keyChoice === undefined ? [] : [`keyChoice=${keyChoice}`]),
    ];
    lines.push(`uss: ${parts.join(',')}`);
  }
  return lines.join('\n');
}

function unknown(impi: string): KmcError {
  return new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', `there is no subscriber ${impi}`);
}
