import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** What our parts log to. Objects first, then a message that never changes: log lines are searched by both. */
export type Logger = pino.Logger;

/** How to log: the `log` section of the configuration has this shape. */
export interface LoggerOptions {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly format: 'auto' | 'json' | 'pretty';
}

/** The names under which a secret could come into a log line. */
const SECRET_NAMES = [
  'k',
  'op',
  'opc',
  'ck',
  'ik',
  'ks',
  'ksNaf',
  'ksExtNaf',
  'ksIntNaf',
  'ha1',
  'key',
  'secretKey',
  'password',
  'authorization',
  'Authorization',
  '["proxy-authorization"]',
  '["Proxy-Authorization"]',
];

/** A secret is masked at the top of a logged object and up to two groups down (`request.headers.authorization`). */
const REDACTED_PATHS = SECRET_NAMES.flatMap((name) => {
  const member = name.startsWith('[') ? name : `.${name}`;
  return [name, `*${member}`, `*.*${member}`];
});

/**
 * A logger to standard output: one JSON object a line, or for people on a terminal.
 *
 * @param name which part of the product speaks: gateway, kmc, agent
 * @param destination where the lines go instead of standard output, for tests
 */
export function createLogger(options: LoggerOptions, name: string, destination?: pino.DestinationStream): Logger {
  const settings: pino.LoggerOptions = {
    name,
    level: options.level,
    redact: { paths: REDACTED_PATHS, censor: '[secret]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  // Synchronous, so that the last lines before an end of any kind are not lost.
  const output = destination ?? pino.destination({ dest: 1, sync: true });
  const pretty = options.format === 'pretty' || (options.format === 'auto' && process.stdout.isTTY);
  if (!pretty) return pino(settings, output);
  const format = prettyFactory({ colorize: destination === undefined && process.stdout.isTTY, ignore: 'pid,hostname' });
  return pino(settings, {
    write: (line) => {
      output.write(format(line));
    },
  });
}
