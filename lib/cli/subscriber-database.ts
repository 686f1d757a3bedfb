import { loadSecretKey, SubscriberDatabase } from '../../kmc/subscribers/index.ts';
import { loadConfig, requireSection } from '../config/index.ts';

/** Opens the database that a configuration names, and closes it after the work. */
export async function withSubscriberDatabase<T>(
  configPath: string,
  work: (database: SubscriberDatabase) => T,
): Promise<T> {
  const { subscribers } = requireSection(await loadConfig(configPath), 'kmc');
  const secretKey = await loadSecretKey(subscribers.secretKey);
  const database = SubscriberDatabase.open(subscribers.database, secretKey);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** Prints a result as JSON or in words. */
export function print(json: boolean | undefined, value: unknown, words: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : words === '' ? '' : `${words}\n`);
}

/** An SQN as 12 hexadecimal digits. */
export function formatSequenceNumber(sqn: bigint): string {
  return sqn.toString(16).padStart(12, '0');
}
