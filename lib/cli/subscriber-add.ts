import { KmcError } from '../../kmc/errors.ts';
import {
  type BsfInfo,
  formatCsvProblem,
  parseSubscriberFields,
  parseSubscribersCsv,
  type UserSecuritySetting,
} from '../../kmc/subscribers/index.ts';
import { readSecretText } from './read-secret-text.ts';
import { print, withSubscriberDatabase } from './subscriber-database.ts';
import { readPassword } from './subscriber-password.ts';
import { parseUssOption } from './uss-option.ts';

export interface AddOptions {
  readonly config: string;
  readonly impi: string;
  readonly impu?: readonly string[];
  readonly k?: string;
  readonly kFile?: string;
  readonly opc?: string;
  readonly op?: string;
  readonly amf?: string;
  readonly sqn?: string;
  readonly passwordFile?: string;
  readonly uiccType?: string;
  readonly lifeTime?: string;
  readonly uss?: readonly string[];
  readonly json?: true;
}

export interface ImportOptions {
  readonly config: string;
  readonly json?: true;
}

/** `osgate subscriber add`. Rejects with the KmcError that says what is wrong. */
export async function addSubscriber(options: AddOptions): Promise<void> {
  const { config, impi, impu, opc, op, amf, sqn, passwordFile, json } = options;
  const k = await readKey(options);
  const password = passwordFile === undefined ? undefined : await readPassword(passwordFile);
  const result = parseSubscriberFields({
    impi,
    ...(impu !== undefined && { impus: impu }),
    ...(k !== undefined && { k }),
    ...(opc !== undefined && { opc }),
    ...(op !== undefined && { op }),
    ...(amf !== undefined && { amf }),
    ...(sqn !== undefined && { sqn }),
    ...(password !== undefined && { password }),
    settings: { bsfInfo: parseBsfInfo(options), ussList: parseSettings(options.uss ?? []) },
  });
  if (!result.ok) throw invalid(`--${OPTION_OF_FIELD[result.field] ?? result.field} ${result.reason}`);
  await withSubscriberDatabase(config, (database) => {
    database.add(result.subscriber);
  });
  print(json, { added: [impi] }, `added ${impi}`);
}

/** `osgate subscriber import`. Rejects with one line a problem in the file, and has then added nobody. */
export async function importSubscribers(file: string, { config, json }: ImportOptions): Promise<void> {
  const name = file === '-' ? 'standard input' : file;
  const result = parseSubscribersCsv(await readSecretText(file));
  if (!result.ok) {
    throw invalid(result.problems.map((problem) => `${name}: ${formatCsvProblem(problem)}`).join('\n'));
  }
  const added = await withSubscriberDatabase(config, (database) => database.addAll(result.subscribers));
  print(json, { added: result.subscribers.map(({ impi }) => impi) }, `added ${added} subscribers`);
}

const OPTION_OF_FIELD: Readonly<Record<string, string>> = {
  impus: 'impu',
  lifeTime: 'life-time',
  password: 'password-file',
};

/** K, or undefined for somebody who has a password alone. */
async function readKey({ k, kFile, passwordFile }: AddOptions): Promise<string | undefined> {
  if (k !== undefined && kFile !== undefined) throw invalid('--k and --k-file cannot both be given');
  const file = kFile ?? (k === '-' ? '-' : undefined);
  if (file === '-' && passwordFile === '-') throw invalid('--password-file and --k-file cannot both be standard input');
  if (file !== undefined) return (await readSecretText(file)).trim();
  if (k === undefined && passwordFile === undefined) throw invalid('--k-file, --k or --password-file is missing');
  return k;
}

function parseBsfInfo({ uiccType, lifeTime }: AddOptions): BsfInfo {
  if (uiccType !== undefined && uiccType !== 'GBA' && uiccType !== 'GBA_U') {
    throw invalid('--uicc-type is neither GBA nor GBA_U');
  }
  if (lifeTime !== undefined && !/^[1-9][0-9]{0,9}$/.test(lifeTime)) {
    throw invalid('--life-time is not a number of seconds above 0');
  }
  return {
    ...(uiccType !== undefined && { uiccType }),
    ...(lifeTime !== undefined && { lifeTime: Number(lifeTime) }),
  };
}

function parseSettings(options: readonly string[]): UserSecuritySetting[] {
  return options.map((option) => {
    const result = parseUssOption(option);
    if (!result.ok) throw invalid(`--uss ${result.reason}`);
    return result.uss;
  });
}

function invalid(message: string): KmcError {
  return new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', message);
}
