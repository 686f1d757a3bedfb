import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { parseMessage, type SipRequest, type SipResponse } from '../../sip/index.ts';
import { debianFolderOf } from './debian-package.ts';
import { ScenarioError } from './errors.ts';

export interface KamailioOptions {
  /**
   * The configuration, in which `@NAME@` stands for a value; LISTEN_PORT and MODULE_PATH are there always. The routes of
   * it that log `seen $(mb{s.encode.base64})` fill `seen`.
   */
  readonly template: URL;
  /** A folder that is there; Kamailio gets one of its own in it. */
  readonly folder: string;
  /** UDP port on 127.0.0.1. */
  readonly port: number;
  readonly values?: Readonly<Record<string, string>>;
  readonly sharedMemoryMegabytes?: number;
}

const START_TIMEOUT_MILLISECONDS = 20_000;

/** Characters of Kamailio's log that are kept for error messages. */
const LOG_CHARACTERS = 4000;

/** The real Kamailio (Debian kamailio) as a process on loopback. */
export class Kamailio {
  readonly port: number;
  /** Messages that its configuration logged, in the order in which they came. */
  readonly seen: (SipRequest | SipResponse)[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #log = '';

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#hasEnded = true;
        resolve();
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.#log += error.message;
        end();
      });
    });
    if (child.stderr === null) throw new ScenarioError('Kamailio has no output');
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#take(line);
    });
  }

  /** Starts Kamailio in the foreground and waits until it can take messages. */
  static async start({ template, folder, port, values, sharedMemoryMegabytes = 64 }: KamailioOptions) {
    const own = await mkdtemp(join(folder, 'kamailio-'));
    const config = join(own, 'kamailio.cfg');
    const all: Readonly<Record<string, string>> = {
      ...values,
      LISTEN_PORT: String(port),
      MODULE_PATH: await debianFolderOf('kamailio', '/modules/tm.so'),
    };
    const text = (await readFile(template, 'utf8')).replaceAll(/@([A-Z_]+)@/g, (_, name: string) => {
      const value = all[name];
      if (value === undefined) throw new ScenarioError(`no value for @${name}@ of ${template.pathname}`);
      return value;
    });
    await writeFile(config, text, { mode: 0o600 });
    const files = ['-f', config, '-w', own, '-P', join(own, 'kamailio.pid'), '-Y', own];
    const args = ['-m', String(sharedMemoryMegabytes), ...files, '-DD', '-E'];
    const kamailio = new Kamailio(spawn('kamailio', args, { stdio: ['ignore', 'ignore', 'pipe'] }), port);
    await kamailio.#untilBound();
    return kamailio;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The end of what it wrote on standard error, without the messages in `seen`. */
  get log(): string {
    return this.#log;
  }

  /** The first message, past or to come, that fits. */
  async waitForMessage(
    what: string,
    fits: (message: SipRequest | SipResponse) => boolean,
    timeout = 10_000,
  ): Promise<SipRequest | SipResponse> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.seen.find(fits);
      if (found !== undefined) return found;
      if (this.#hasEnded || Date.now() > deadline) {
        throw new ScenarioError(`Kamailio did not see ${what}\n${this.#log}`);
      }
      await pause(20);
    }
  }

  /** Sends SIGTERM and waits; SIGKILL when that does not end it in time. */
  async stop(timeout = 10_000): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeout);
    await this.#ended;
    clearTimeout(timer);
  }

  async #untilBound(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MILLISECONDS;
    while (!(await isBound(this.port))) {
      if (this.#hasEnded || Date.now() > deadline) {
        await this.stop();
        throw new ScenarioError(`Kamailio did not start:\n${this.#log}`);
      }
      await pause(50);
    }
  }

  #take(line: string): void {
    const message = SEEN.exec(line)?.[1];
    if (message === undefined) {
      this.#log = `${this.#log}${line}\n`.slice(-LOG_CHARACTERS);
      return;
    }
    const parsed = parseMessage(Buffer.from(message, 'base64'));
    if (parsed.ok) this.seen.push(parsed.message);
    else this.#log += `a message that cannot be read: ${message}\n`;
  }
}

const SEEN = / seen ([A-Za-z0-9+/=]+)$/;

/** True when some process has a UDP socket on that port of 127.0.0.1. */
async function isBound(port: number): Promise<boolean> {
  const wanted = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = await readFile('/proc/net/udp', 'utf8');
  return table.includes(wanted);
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
