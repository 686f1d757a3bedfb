import { KmcError } from '../../kmc/errors.ts';
import { createSecretKeyFile, type Subscriber, type UserSecuritySetting } from '../../kmc/subscribers/index.ts';
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
  const rows = subscribers.map(({ impi, impus, sqn }) => ({ impi, impus, sqn: formatSequenceNumber(sqn) }));
  print(json, rows, rows.map(({ impi, impus, sqn }) => `${impi}\t${sqn}\t${impus.join(' ')}`).join('\n'));
}

/** `osgate subscriber show`: K and OPc only when they are asked for. */
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
  readonly amf: string;
  readonly sqn: string;
  readonly uiccType?: string;
  readonly lifeTime?: number;
  readonly ussList: readonly UserSecuritySetting[];
}

function describe({ impi, impus, k, opc, amf, sqn, settings }: Subscriber, secrets: boolean): ShownSubscriber {
  return {
    impi,
    impus,
    ...(secrets && { k: k.toString('hex'), opc: opc.toString('hex') }),
    amf: amf.toString('hex'),
    sqn: formatSequenceNumber(sqn),
    ...settings.bsfInfo,
    ussList: settings.ussList,
  };
}

function inWords({ ussList, ...rest }: ShownSubscriber): string {
  const lines = Object.entries(rest).map(([name, value]: [string, unknown]) => {
    return `${name}: ${Array.isArray(value) ? value.join(' ') : String(value)}`;
  });
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
