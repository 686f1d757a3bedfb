import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { SipError, socketsAt } from '../../../sip/index.ts';
import { OsgateError } from '../../errors.ts';

/** A UDP address to hold open for every slot. */
export interface HolderListener {
  readonly name: string;
  /** An address in numbers, or a name in the caller's hands. */
  readonly address: string;
  readonly port: number;
}

/** What the thread is told. */
export interface HolderOrder {
  readonly listeners: readonly HolderListener[];
  readonly slots: number;
  /** One 32-bit integer; the thread closes everything when it is woken there. */
  readonly release: SharedArrayBuffer;
}

/** What the thread answers. */
export type HolderReply =
  | { readonly outcome: 'bound'; readonly addresses: readonly HeldAddress[] }
  | { readonly outcome: 'failed'; readonly listener: string; readonly message: string };

export interface HeldAddress {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Holds the UDP sockets of all worker slots open, so that the kernel's sharing out of flows (SO_REUSEPORT: a hash of the
 * addresses, scaled by the number of sockets) stays the same while workers come and go. A slot's datagrams wait in its
 * own socket until its next worker reads them; the other slots notice nothing.
 */
export class SocketHolder {
  readonly addresses: readonly HeldAddress[];
  /** File descriptors of this process, by slot and then by listener. */
  readonly descriptors: readonly (readonly number[])[];
  readonly #thread: Worker;
  readonly #release: SharedArrayBuffer;

  private constructor(
    thread: Worker,
    release: SharedArrayBuffer,
    addresses: readonly HeldAddress[],
    descriptors: readonly (readonly number[])[],
  ) {
    this.#thread = thread;
    this.#release = release;
    this.addresses = addresses;
    this.descriptors = descriptors;
  }

  /** @throws SipError OSGATE_SIP_BIND_FAILED; OsgateError OSGATE_WORKERS where the system does not show descriptors */
  static async open(listeners: readonly HolderListener[], slots: number): Promise<SocketHolder> {
    const numeric: HolderListener[] = [];
    for (const listener of listeners) {
      numeric.push({ ...listener, address: (await lookup(listener.address)).address });
    }
    const release = new SharedArrayBuffer(4);
    const order: HolderOrder = { listeners: numeric, slots, release };
    const file = `./socket-holder-thread${extname(import.meta.filename)}`;
    const thread = new Worker(new URL(file, import.meta.url), { workerData: order, execArgv: [] });
    const [reply] = (await once(thread, 'message')) as [HolderReply];
    if (reply.outcome === 'failed') {
      const { name, address, port } = numeric.find((one) => one.name === reply.listener) ?? {
        name: '',
        address: '',
        port: 0,
      };
      throw new SipError('OSGATE_SIP_BIND_FAILED', `cannot listen on ${address}:${port} (${name}): ${reply.message}`);
    }
    // The thread does not keep the process alive; who serves does.
    thread.unref();
    try {
      const byListener = reply.addresses.map(({ address, port }) => {
        const found = descriptorsOf(address, port);
        if (found.length !== slots) {
          throw new OsgateError('OSGATE_WORKERS', `found ${found.length} sockets at ${address}:${port}, not ${slots}`);
        }
        return found;
      });
      const descriptors = Array.from({ length: slots }, (_, slot) => byListener.map((found) => found[slot] ?? -1));
      return new SocketHolder(thread, release, reply.addresses, descriptors);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
  }

  async close(): Promise<void> {
    const ended = once(this.#thread, 'exit');
    this.#thread.ref();
    const flag = new Int32Array(this.#release);
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
    await ended;
  }
}

/** @throws OsgateError OSGATE_WORKERS where the system does not show descriptors */
function descriptorsOf(address: string, port: number): number[] {
  try {
    return socketsAt(address, port);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OsgateError('OSGATE_WORKERS', `more than one worker needs the /proc of Linux (${reason})`, {
      cause: error,
    });
  }
}
