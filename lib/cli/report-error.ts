import { OsgateError } from '../errors.ts';

/** Exit codes of every command. */
export const EXIT_FAILURE = 1;
export const EXIT_CONFIGURATION = 2;

/** What the exit status tells of the failure of an agent or an initiator; their help says the same. */
const CLIENT_EXIT_CODES: Readonly<Record<string, number>> = {
  OSGATE_AGENT_BOOTSTRAPPING: 3,
  OSGATE_UICC: 4,
  OSGATE_AGENT_NETWORK: 5,
  OSGATE_AGENT_REFUSED: 6,
  OSGATE_AGENT_NO_KEYS: 7,
  OSGATE_PUSH_NETWORK: 5,
  OSGATE_PUSH_REFUSED: 6,
};

/**
 * Writes an error to standard error, one line `osgate: CODE: message` a problem, and tells the exit code: 2 when the
 * configuration is at fault, else 1. An error without a code is a fault of ours and comes with its stack.
 */
export function reportError(
  error: unknown,
  write: (line: string) => void = (line) => void process.stderr.write(line),
): number {
  const code = codeOf(error);
  if (!(error instanceof Error) || code === undefined) {
    write(`osgate: unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return EXIT_FAILURE;
  }
  for (const line of error.message.split('\n')) write(`osgate: ${code}: ${line}\n`);
  const configuration = code === 'OSGATE_CONFIG_INVALID' || code === 'OSGATE_CONFIG_UNREADABLE';
  if (error instanceof OsgateError && configuration) return EXIT_CONFIGURATION;
  return CLIENT_EXIT_CODES[code] ?? EXIT_FAILURE;
}

/** Our own codes, and those of the system (EADDRINUSE). Node's ERR_ codes are faults in a program. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return error.code.startsWith('ERR_') ? undefined : error.code;
}
