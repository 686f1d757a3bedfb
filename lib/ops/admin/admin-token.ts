import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { OsgateError } from '../../errors.ts';

/** Where the token is: in a file, or in an environment variable. */
export type AdminTokenLocation = { readonly file: string } | { readonly environment: string };

/** Of 16 characters of base64 nobody guesses 96 bits. */
const SHORTEST_TOKEN = 16;

/** The token of the admin API. It can be compared, and neither read out nor printed. */
export class AdminToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
  }

  /** Whether the value of an Authorization header carries the token (RFC 6750 2.1); takes the same time for every wrong one. */
  admits(authorization: string | undefined): boolean {
    const scheme = authorization?.slice(0, 7).toLowerCase();
    const given = scheme === 'bearer ' ? (authorization?.slice(7) ?? '') : '';
    return timingSafeEqual(digest(given), this.#digest);
  }
}

/** @throws OsgateError OSGATE_CONFIG_INVALID when it is missing or too short */
export async function loadAdminToken(
  location: AdminTokenLocation,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<AdminToken> {
  return new AdminToken(await loadTokenText(location, environment));
}

/** The token itself, secret. @throws OsgateError OSGATE_CONFIG_INVALID when it is missing or too short */
export async function loadTokenText(
  location: AdminTokenLocation,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const text = 'file' in location ? await readToken(location.file) : (environment[location.environment] ?? '');
  const token = text.trim();
  const source = 'file' in location ? location.file : `the environment variable ${location.environment}`;
  if (token.length < SHORTEST_TOKEN || /\s/.test(token)) {
    throw new OsgateError(
      'OSGATE_CONFIG_INVALID',
      `${source} holds no token: ${SHORTEST_TOKEN} characters or more, without spaces`,
    );
  }
  return token;
}

async function readToken(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_CONFIG_INVALID', `${path}: cannot be read (${reason})`, { cause: error });
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
