import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { KmcError } from '../../kmc/errors.ts';
import {
  type BsfInfo,
  formatCsvProblem,
  parseSubscriberFields,
  parseSubscribersCsv,
  type UserSecuritySetting,
} from '../../kmc/subscribers/index.ts';
import { print, withSubscriberDatabase } from './subscriber-database.ts';
import { parseUssOption } from './uss-option.ts';

export interface AddOptions {
  readonly config: string;
  readonly impi: string;
  readonly impu?: readonly string[];
  readonly k?: string;
  readonly kFile?: string;
  readonly opc?: string;
  readonly op?: string;
  readonly amf: string;
  readonly sqn: string;
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
  const { config, impi, impu, opc, op, amf, sqn, json } = options;
  const result = parseSubscriberFields({
    impi,
    ...(impu !== undefined && { impus: impu }),
    k: await readKey(options),
    ...(opc !== undefined && { opc }),
    ...(op !== undefined && { op }),
    amf,
    sqn,
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
  const result = parseSubscribersCsv(await read(file));
  if (!result.ok) {
    throw invalid(result.problems.map((problem) => `${name}: ${formatCsvProblem(problem)}`).join('\n'));
  }
  const added = await withSubscriberDatabase(config, (database) => database.addAll(result.subscribers));
  print(json, { added: result.subscribers.map(({ impi }) => impi) }, `added ${added} subscribers`);
}

const OPTION_OF_FIELD: Readonly<Record<string, string>> = { impus: 'impu', lifeTime: 'life-time' };

async function read(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new KmcError('OSGATE_KMC_SUBSCRIBER_INVALID', `${file}: cannot be read (${reason})`, { cause: error });
  }
}

async function readKey({ k, kFile }: AddOptions): Promise<string> {
  if (k !== undefined && kFile !== undefined) throw invalid('--k and --k-file cannot both be given');
  if (kFile !== undefined) return (await read(kFile)).trim();
  if (k === undefined) throw invalid('--k-file or --k is missing');
  return k === '-' ? (await read('-')).trim() : k;
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
