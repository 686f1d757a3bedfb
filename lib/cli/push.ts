import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { Command, InvalidArgumentError, Option } from 'commander';

import { PUSH_MESSAGE_CLASSES } from '../../push/message/index.ts';
import { OsgateError } from '../errors.ts';
import { loadTokenText } from '../ops/admin/admin-token.ts';
import type { PushClient } from '../push/push-client.ts';

interface CommonOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly authorities?: string;
  readonly timeout: number;
  readonly json?: true;
}

interface SendOptions extends CommonOptions {
  readonly contentType: string;
  readonly file: string;
  readonly id?: string;
  readonly application?: string;
  readonly class?: string;
  readonly priority?: string;
  readonly deliverAfter?: Date;
  readonly deliverBefore?: Date;
  readonly notifyUrl?: string;
  readonly replaces?: string;
}

const TOKEN_VARIABLE = 'OSGATE_PUSH_TOKEN';

const EXIT_CODES = `
Without --token-file the token is that of the environment variable ${TOKEN_VARIABLE}, if there is one.

Exit status:
  0  done
  1  the command line is wrong
  2  a file or the token is wrong
  5  no answer
  6  the gateway refused: the rights, the quota, or an id that is not known`;

/** `osgate push`: a push initiator on the command line. */
export function pushCommand(): Command {
  return new Command('push')
    .description('push messages to subscribers through a gateway, ask what became of them, cancel them')
    .addCommand(sendCommand())
    .addCommand(statusCommand())
    .addCommand(cancelCommand())
    .addHelpText('after', EXIT_CODES);
}

function sendCommand(): Command {
  return withCommonOptions(new Command('send').description('hand a push in; prints its id'))
    .argument('<recipient>', 'SIP or tel URI (public identity), or user@realm (private identity)')
    .option('--file <file>', 'file with the content; - is standard input', '-')
    .option('--content-type <type>', 'MIME type of the content', 'text/plain;charset=utf-8')
    .option('--id <id>', 'id of the push; by default the gateway makes one')
    .option('--application <id>', 'application in the agent')
    .addOption(new Option('--class <class>', 'what kind of message it is').choices(PUSH_MESSAGE_CLASSES))
    .addOption(new Option('--priority <priority>', 'how urgent it is').choices(['high', 'medium', 'low']))
    .option('--deliver-after <time>', 'not before that; RFC 3339, or seconds from now such as +60', time)
    .option('--deliver-before <time>', 'after that it has expired; in the same form', time)
    .option('--notify-url <url>', 'where the gateway is to tell of the end')
    .option('--replaces <id>', 'the push that this one takes the place of')
    .addHelpText(
      'after',
      `
Example:
  echo hello | osgate push send sip:alice@example.com --url https://push.example.net:9466 --token-file token`,
    )
    .action(async (recipient: string, options: SendOptions) => {
      const submission = await submissionOf(recipient, options);
      const answer = await withClient(options, async (client) => client.send(submission));
      print(options, answer, String(answer['id']));
    });
}

function statusCommand(): Command {
  return withCommonOptions(new Command('status').description('print what became of a push'))
    .argument('<id>', 'id of the push')
    .action(async (id: string, options: CommonOptions) => {
      const answer = await withClient(options, async (client) => client.status(id));
      const { state, reason, attempts, changedAt } = answer;
      const why = typeof reason === 'string' ? ` (${reason})` : '';
      print(options, answer, `${String(state)}${why} since ${String(changedAt)}, ${String(attempts)} attempts`);
    });
}

function cancelCommand(): Command {
  return withCommonOptions(new Command('cancel').description('cancel a push that is not on its way yet'))
    .argument('<id>', 'id of the push')
    .action(async (id: string, options: CommonOptions) => {
      await withClient(options, async (client) => client.cancel(id));
      print(options, { id, cancelled: true }, `cancelled ${id}`);
    });
}

function withCommonOptions(command: Command): Command {
  return command
    .requiredOption(
      '--url <url>',
      'where the gateway serves initiators, such as https://push.example.net:9466',
      httpUrl,
    )
    .option('--token-file <file>', 'file with the bearer token')
    .option('--certificate <file>', 'PEM file: certificate of the initiator, in place of a token')
    .option('--private-key <file>', 'PEM file: its private key')
    .option('--authorities <file>', 'PEM file: the authorities that sign the certificate of the gateway')
    .option('--timeout <seconds>', 'how long to wait for an answer', seconds, 10)
    .option('--json', 'print JSON');
}

async function withClient<T>(options: CommonOptions, use: (client: PushClient) => Promise<T>): Promise<T> {
  const { url, tokenFile, certificate, privateKey, authorities, timeout } = options;
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new OsgateError('OSGATE_CONFIG_INVALID', '--certificate and --private-key go together');
  }
  const token = await tokenOf(tokenFile);
  // Loaded when there is something to ask: help needs no HTTP client.
  const { PushClient } = await import('../push/push-client.ts');
  const client = await PushClient.open({
    url,
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined ? {} : { certificateFile: certificate }),
    ...(privateKey === undefined ? {} : { privateKeyFile: privateKey }),
    ...(authorities === undefined ? {} : { authoritiesFile: authorities }),
    timeoutMilliseconds: timeout * 1000,
  });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function tokenOf(tokenFile: string | undefined): Promise<string | undefined> {
  if (tokenFile !== undefined) return loadTokenText({ file: tokenFile });
  return process.env[TOKEN_VARIABLE] === undefined ? undefined : loadTokenText({ environment: TOKEN_VARIABLE });
}

async function submissionOf(recipient: string, options: SendOptions): Promise<object> {
  const { file, contentType, id, application, priority, deliverAfter, deliverBefore, notifyUrl, replaces } = options;
  const content = await readContent(file);
  return {
    recipient: { type: /^(?:sips?|tel):/i.test(recipient) ? 'impu' : 'impi', value: recipient },
    contentType,
    contentBase64: content.toString('base64'),
    ...(id === undefined ? {} : { id }),
    ...(application === undefined ? {} : { applicationId: application }),
    ...(options.class === undefined ? {} : { messageClass: options.class }),
    ...(priority === undefined ? {} : { priority }),
    ...(deliverAfter === undefined ? {} : { deliverAfter: deliverAfter.toISOString() }),
    ...(deliverBefore === undefined ? {} : { deliverBefore: deliverBefore.toISOString() }),
    ...(notifyUrl === undefined ? {} : { notifyUrl }),
    ...(replaces === undefined ? {} : { replaces }),
  };
}

async function readContent(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_CONFIG_INVALID', `${file}: cannot be read (${reason})`, { cause: error });
  }
}

function print(options: CommonOptions, record: object, text: string): void {
  console.log(options.json === true ? JSON.stringify(record) : text);
}

function httpUrl(text: string): string {
  const protocol = URL.parse(text)?.protocol;
  if (protocol !== 'https:' && protocol !== 'http:') throw new InvalidArgumentError('not a URL of HTTP');
  return text;
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('not a number of seconds above 0');
  return Number(text);
}

function time(text: string): Date {
  const [, later] = /^\+(\d{1,9})$/.exec(text) ?? [];
  const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i.test(text);
  const date =
    later === undefined ? new Date(rfc3339 ? text : Number.NaN) : new Date(Date.now() + Number(later) * 1000);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('neither a time such as 2027-01-01T12:00:00Z nor +60');
  return date;
}
