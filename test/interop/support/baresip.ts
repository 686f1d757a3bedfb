import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { freePort } from '../../../scenarios/support/free-port.ts';
import type { Credentials } from '../../../scenarios/support/raw-agent.ts';
import { debianFolderOf } from '../../../scenarios/support/debian-package.ts';

export interface BaresipOptions {
  /** A new folder in this one holds its configuration. */
  readonly folder: string;
  readonly impu: string;
  readonly credentials: Credentials;
  readonly gatewayPort: number;
  /** Answers calls by itself. */
  readonly answers?: boolean;
  /** Subscribes to the presence of this URI as soon as it has started. */
  readonly watches?: string;
}

/** What baresip tells through its control port. */
export type BaresipEvent = Readonly<Record<string, unknown>>;

/** The real baresip (Debian baresip-core) as a process: a phone without a sound card, controlled over TCP. */
export class Baresip {
  readonly sipPort: number;
  /** What it told of calls since its control port was found. */
  readonly events: BaresipEvent[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #control: Socket | undefined;
  #output = '';
  #received = Buffer.alloc(0);

  private constructor(child: ChildProcess, sipPort: number) {
    this.#child = child;
    this.sipPort = sipPort;
    this.#ended = once(child, 'close');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const [sipPort, controlPort] = [await freePort(), await freePort()];
    const folder = join(options.folder, `baresip-${sipPort}`);
    await mkdir(folder);
    const modules = await debianFolderOf('baresip-core', '/modules/g711.so');
    const watch = options.watches === undefined ? [] : ['module_app contact.so', 'module_app presence.so'];
    const config = [
      `sip_listen 127.0.0.1:${sipPort}`,
      // Loopback is not among the interfaces that it finds by itself.
      'net_interface 127.0.0.1',
      `module_path ${modules}`,
      ...['uuid', 'g711', 'ausine', 'aufile'].map((name) => `module ${name}.so`),
      // ausine is a source of 48 kHz and two channels, and of nothing else.
      ...['audio_source ausine,440', 'ausrc_srate 48000', 'ausrc_channels 2'],
      `audio_player aufile,${join(folder, 'played.wav')}`,
      `audio_alert aufile,${join(folder, 'alert.wav')}`,
      ...['module_app account.so', 'module_app menu.so', 'module_app ctrl_tcp.so', ...watch],
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    ];
    const { username, password } = options.credentials;
    const account = [
      `<${options.impu}>`,
      ...[`auth_user="${username}"`, `auth_pass="${password}"`],
      ...[`outbound="sip:127.0.0.1:${options.gatewayPort}"`, 'sipnat=outbound', 'regint=600'],
      ...(options.answers === true ? ['answermode=auto'] : []),
    ];
    await writeFile(join(folder, 'config'), `${config.join('\n')}\n`);
    await writeFile(join(folder, 'accounts'), `${account.join(';')}\n`, { mode: 0o600 });
    const contacts = options.watches === undefined ? '' : `"watched" <${options.watches}>;presence=p2p\n`;
    await writeFile(join(folder, 'contacts'), contacts);
    const child = spawn('baresip', ['-4', '-f', folder], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const baresip = new Baresip(child, sipPort);
    try {
      await baresip.#connect(controlPort);
      return baresip;
    } catch (error) {
      await baresip.stop();
      throw error;
    }
  }

  /** What it wrote, for error messages. */
  get output(): string {
    return this.#output.slice(-4000);
  }

  /** Gives it a command of its menu, such as `dial`. */
  command(name: string, parameters = ''): void {
    const text = JSON.stringify({ command: name, params: parameters });
    // A netstring: length in octets, colon, text, comma.
    this.#control?.write(`${Buffer.byteLength(text)}:${text},`);
  }

  /** The first event, past or to come, of that type. */
  async waitFor(type: string, timeout = 15_000): Promise<BaresipEvent> {
    return this.#until(`event ${type}`, () => this.events.find((event) => event.type === type), timeout);
  }

  /** Waits until its output holds that text. */
  async waitForOutput(text: string, timeout = 15_000): Promise<void> {
    await this.#until(`"${text}"`, () => (this.#output.includes(text) ? true : undefined), timeout);
  }

  /** SIGTERM makes it end its calls, take its registration back and go; SIGKILL when that takes too long. */
  async stop(timeout = 8000): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeout);
    await this.#ended;
    clearTimeout(timer);
    this.#control?.destroy();
  }

  async #connect(port: number): Promise<void> {
    this.#control = await this.#until('its control port', async () => {
      const socket = connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return socket;
      } catch {
        return undefined;
      }
    });
    this.#control
      .on('error', () => undefined)
      .on('data', (data) => {
        this.#received = Buffer.concat([this.#received, data]);
        this.#readEvents();
      });
  }

  #readEvents(): void {
    for (;;) {
      const colon = this.#received.indexOf(':');
      const length = Number(this.#received.subarray(0, colon).toString('latin1'));
      if (colon < 0 || this.#received.length < colon + length + 2) return;
      const text = this.#received.subarray(colon + 1, colon + 1 + length).toString('utf8');
      this.#received = this.#received.subarray(colon + length + 2);
      this.events.push(JSON.parse(text) as BaresipEvent);
    }
  }

  async #until<Value>(
    what: string,
    find: () => Value | undefined | Promise<Value | undefined>,
    timeout = 15_000,
  ): Promise<Value> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = await find();
      if (found !== undefined) return found;
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`baresip: no ${what}; events ${JSON.stringify(this.events)}\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
