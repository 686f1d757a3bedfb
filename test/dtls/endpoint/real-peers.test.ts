import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { connect, createServer, type DtlsServer } from '../../../dtls/index.ts';
import { freePort } from '../../../scenarios/support/free-port.ts';
import { echo } from '../support/memory-world.ts';

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** A program with what it has said so far. */
class Program {
  said = '';
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('latin1').on('data', (text: string) => (this.said += text));
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  async hears(text: string | RegExp): Promise<void> {
    const deadline = Date.now() + 10_000;
    const isThere = (): boolean => (typeof text === 'string' ? this.said.includes(text) : text.test(this.said));
    while (!isThere()) {
      if (Date.now() > deadline || this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`not said: ${text}\n${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

describe('DTLS endpoints and other implementations', () => {
  const programs: Program[] = [];
  let server: DtlsServer | undefined;

  const run = (command: string, ...args: string[]): Program => {
    const program = new Program(command, args);
    programs.push(program);
    return program;
  };

  const serve = async (): Promise<number> => {
    server = createServer({
      psk: { lookUp: async ({ identity }) => (identity === 'agent' ? { key: KEY } : undefined) },
    });
    server.on('association', (association) => {
      association.on('message', (data) => association.send(Buffer.concat([Buffer.from('echo: '), data])));
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    return server.address().port;
  };

  afterEach(async () => {
    await Promise.all(programs.splice(0).map(async (program) => program.stop()));
    await server?.close();
    server = undefined;
  });

  it('openssl s_client talks to our server', async () => {
    const port = await serve();
    const psk = ['-psk_identity', 'agent', '-psk', KEY.toString('hex')];
    const client = run('openssl', 's_client', '-dtls1_2', '-connect', `127.0.0.1:${port}`, ...psk);
    await client.hears('Cipher is');
    client.write('hello\n');
    await client.hears('echo: hello');
    expect(server?.counters.helloVerifyRequestsSent).to.equal(1);
  });

  it('our client talks to openssl s_server', async () => {
    const port = await freePort();
    const psk = ['-nocert', '-psk', KEY.toString('hex'), '-psk_identity', 'agent'];
    const peer = run('openssl', 's_server', '-dtls1_2', '-listen', '-accept', `127.0.0.1:${port}`, ...psk);
    await peer.hears('ACCEPT');
    const client = await connect({ host: '127.0.0.1', port, psk: { identity: 'agent', key: KEY } });
    const heard = once(client, 'message') as Promise<[Buffer]>;
    client.send(Buffer.from('hello\n'));
    await peer.hears('hello');
    peer.write('and back\n');
    expect((await heard)[0].toString()).to.equal('and back\n');
    await client.close();
  });

  const priority = 'NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+ECDHE-PSK:+PSK';

  it('gnutls-cli talks to our server', async () => {
    const port = await serve();
    // With ECDHE_PSK it ends the handshake well, and then dies of printing what it has agreed on (GnuTLS 3.7.9).
    const plain = priority.replace('+ECDHE-PSK:', '');
    const psk = ['--pskusername', 'agent', '--pskkey', KEY.toString('hex'), '--priority', plain];
    // It keeps what it says back when it writes to a pipe.
    const client = run('stdbuf', '-oL', 'gnutls-cli', '--udp', '--port', String(port), ...psk, '127.0.0.1');
    await client.hears('Handshake was completed');
    client.write('hello\n');
    await client.hears('echo: hello');
  });

  it('our client talks to gnutls-serv', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osgate-gnutls-'));
    try {
      writeFileSync(`${folder}/psk`, `agent:${KEY.toString('hex')}\n`);
      const port = await freePort();
      const options = ['--pskpasswd', `${folder}/psk`, '--priority', priority];
      const peer = run('gnutls-serv', '--udp', '--echo', '--port', String(port), ...options);
      await peer.hears('listening on');
      const client = await connect({ host: '127.0.0.1', port, psk: { identity: 'agent', key: KEY } });
      expect(await echo(client, 'hello\n')).to.equal('hello\n');
      await client.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
