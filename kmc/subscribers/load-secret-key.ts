import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { KmcError } from '../errors.ts';
import { SECRET_KEY_OCTETS, SecretKey } from './secret-box.ts';

/** Where the secret key is: in a file, or in an environment variable. */
export type SecretKeyLocation = { readonly file: string } | { readonly environment: string };

/**
 * Reads the secret key: 64 hexadecimal digits, base64, or (in a file) the bare 32 octets.
 *
 * Rejects with OSGATE_KMC_SECRET_KEY when it is missing, has another form, or is in a file that others than its owner
 * can read.
 */
export async function loadSecretKey(
  location: SecretKeyLocation,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<SecretKey> {
  if ('file' in location) return new SecretKey(await readKeyFile(location.file));
  const text = environment[location.environment] ?? '';
  if (text === '') throw refuse(`the environment variable ${location.environment} is not set`);
  const octets = decode(text);
  if (octets === undefined) throw refuse(`the environment variable ${location.environment} ${EXPECTED}`);
  return new SecretKey(octets);
}

/**
 * Writes a new secret key, in hexadecimal, to a file that only its owner can read.
 *
 * Rejects with OSGATE_KMC_SECRET_KEY when the file is there already (a key is never overwritten) or cannot be written.
 */
export async function createSecretKeyFile(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (error) {
    throw refuse(`${path}: cannot be created (${errorCode(error)})`, error);
  }
  try {
    await handle.writeFile(`${randomBytes(SECRET_KEY_OCTETS).toString('hex')}\n`);
    await handle.sync();
  } catch (error) {
    throw refuse(`${path}: cannot be written (${errorCode(error)})`, error);
  } finally {
    await handle.close();
  }
}

const EXPECTED = 'is not 32 octets in hexadecimal or base64';

async function readKeyFile(path: string): Promise<Buffer> {
  let contents: Buffer;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { mode } = await handle.stat();
    // The descriptor is asked, not the path, so that nobody can change the file between the two.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw refuse(`${path}: others than its owner can use it (mode ${(mode & 0o777).toString(8)}); set it to 600`);
    }
    contents = await handle.readFile();
  } catch (error) {
    if (error instanceof KmcError) throw error;
    throw refuse(`${path}: cannot be read (${errorCode(error)})`, error);
  } finally {
    await handle?.close();
  }
  const octets = contents.length === SECRET_KEY_OCTETS ? contents : decode(contents.toString('latin1'));
  if (octets === undefined) throw refuse(`${path}: ${EXPECTED}, nor 32 bare octets`);
  return octets;
}

function decode(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (/^[A-Za-z0-9+/]{43}=$/.test(trimmed)) return Buffer.from(trimmed, 'base64');
  return undefined;
}

function refuse(message: string, cause?: unknown): KmcError {
  return new KmcError('OSGATE_KMC_SECRET_KEY', message, { cause });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
