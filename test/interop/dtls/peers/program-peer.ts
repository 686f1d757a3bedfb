import { freePort } from '../../../../scenarios/support/free-port.ts';
import { PeerProcess } from '../support/child.ts';
import type {
  ClientOptions,
  DtlsPeer,
  PeerClient,
  PeerServer,
  ServerOptions,
  SessionOptions,
} from '../support/peer.ts';
import { ProcessClient } from '../support/process-client.ts';
import { reportedFacts } from '../support/reported-facts.ts';
import { suiteOf } from '../support/suites.ts';

/** A peer that is a library with a small program of ours around it; all of them take the same options and say the same. */
export class ProgramPeer implements DtlsPeer {
  readonly name: string;
  readonly forgetsGoodbye?: true;
  readonly #program: () => Promise<string>;
  readonly #lacks: (suite: string) => string | undefined;

  constructor(
    name: string,
    program: () => Promise<string>,
    lacks: (suite: string) => string | undefined,
    options: { readonly forgetsGoodbye?: true } = {},
  ) {
    this.name = name;
    if (options.forgetsGoodbye === true) this.forgetsGoodbye = true;
    this.#program = program;
    this.#lacks = lacks;
  }

  lacks(suite: string): string | undefined {
    return this.#lacks(suite);
  }

  async startServer(options: ServerOptions): Promise<PeerServer> {
    const port = await freePort();
    const child = new PeerProcess(await this.#program(), [
      'server',
      ...['--port', String(port)],
      ...sessionArguments(options),
      ...(options.pskHint === undefined ? [] : ['--psk-hint', options.pskHint]),
      ...(options.requireClientCertificate === true ? ['--require-client-certificate', '1'] : []),
      ...(options.named === undefined
        ? []
        : [
            ...['--named', options.named.serverName],
            ...['--named-certificate', options.named.certificate, '--named-key', options.named.privateKey],
          ]),
    ]);
    await child.until('listening server', (output) => (output.includes('LISTENING') ? true : undefined));
    return {
      port,
      facts: async (session = 0) => {
        const line = await child.until(`session ${session}`, (output) => lines(output, 'ESTABLISHED')[session]);
        return reportedFacts(line);
      },
      ended: async (session = 0) => {
        const line = await child.until(`end of session ${session}`, (output) => lines(output, 'CLOSED')[session]);
        return line === 'CLOSED well';
      },
      stop: () => child.kill(),
      get output() {
        return child.output;
      },
    };
  }

  async connect(options: ClientOptions): Promise<PeerClient> {
    const child = new PeerProcess(await this.#program(), [
      'client',
      ...['--port', String(options.port)],
      ...sessionArguments(options),
      ...(options.serverName === undefined ? [] : ['--server-name', options.serverName]),
      ...(options.sessionFile === undefined ? [] : ['--session-file', options.sessionFile]),
    ]);
    try {
      const line = await child.until('session', (output) => lines(output, 'ESTABLISHED')[0]);
      return new ProcessClient(child, reportedFacts(line), { linesOf: echoedLines });
    } catch (error) {
      await child.kill();
      throw error;
    }
  }
}

function echoedLines(output: string): readonly string[] {
  return lines(output, 'LINE').map((line) => line.slice('LINE '.length));
}

function sessionArguments(options: SessionOptions): string[] {
  const { suite, psk, certificate, authorities, mtu, timer, extendedMasterSecret, group, tickets } = options;
  return [
    ...['--suite', suiteOf(suite).code.toString(16), '--suite-name', suite, '--openssl-name', suiteOf(suite).openssl],
    ...(psk === undefined ? [] : ['--psk-identity', psk.identity, '--psk-key', psk.key.toString('hex')]),
    ...(certificate === undefined
      ? []
      : ['--certificate', certificate.certificate, '--private-key', certificate.privateKey]),
    ...(authorities === undefined ? [] : ['--authorities', authorities]),
    ...(mtu === undefined ? [] : ['--mtu', String(mtu)]),
    ...(timer === undefined ? [] : ['--timer', String(timer)]),
    ...(extendedMasterSecret === false ? ['--no-ems', '1'] : []),
    ...(group === undefined ? [] : ['--group', group]),
    ...(tickets === false ? ['--no-tickets', '1'] : []),
  ];
}

function lines(output: string, word: string): string[] {
  // What comes after the last line break may not be whole yet.
  return output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line === word || line.startsWith(`${word} `));
}
