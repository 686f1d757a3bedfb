import { once } from 'node:events';

import { dtls } from 'node-dtls-client';

import type { ClientOptions, DtlsPeer, PeerClient, SessionFacts } from '../support/peer.ts';
import { suiteOf } from '../support/suites.ts';

type Suites = NonNullable<Parameters<typeof dtls.createSocket>[0]['ciphers']>;

/** What it has in its table and can do: plain PSK with GCM and CCM. */
const KNOWN = [
  'AES_128_GCM_SHA256',
  'AES_256_GCM_SHA384',
  'AES_128_CCM',
  'AES_256_CCM',
  'AES_128_CCM_8',
  'AES_256_CCM_8',
];

/** node-dtls-client, a client for CoAP in TypeScript: PSK only. */
export const nodeDtlsClient: DtlsPeer = {
  name: 'node-dtls-client',

  lacks(suite) {
    if (suiteOf(suite).keyExchange !== 'psk') return 'node-dtls-client knows plain PSK only';
    return KNOWN.some((bulk) => suite === `TLS_PSK_WITH_${bulk}`) ? undefined : 'node-dtls-client has no ChaCha20';
  },

  async connect({ port, psk, suite }: ClientOptions): Promise<PeerClient> {
    const socket = dtls.createSocket({
      type: 'udp4',
      address: '127.0.0.1',
      port,
      psk: psk === undefined ? {} : { [psk.identity]: psk.key.toString('latin1') },
      ciphers: [suite] as Suites,
      timeout: 20_000,
    });
    const client = new NodeDtlsClient(socket, { suite });
    // It emits an error, or connected.
    await once(socket, 'connected');
    return client;
  },
};

class NodeDtlsClient implements PeerClient {
  readonly facts: SessionFacts;
  readonly received: string[] = [];
  readonly #socket: dtls.Socket;
  #failed = false;
  #closed = false;
  #output = '';

  constructor(socket: dtls.Socket, facts: SessionFacts) {
    this.#socket = socket;
    this.facts = facts;
    socket.on('message', (message: Buffer) => {
      this.received.push(...message.toString('latin1').trimEnd().split('\n'));
    });
    socket.on('error', (error: Error) => {
      this.#failed = true;
      this.#output += `${error.stack}\n`;
    });
  }

  get output(): string {
    return this.#output;
  }

  send(line: string): void {
    this.#socket.send(Buffer.from(`${line}\n`, 'latin1'));
  }

  async close(): Promise<boolean> {
    if (this.#closed) return !this.#failed;
    this.#closed = true;
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
    });
    return !this.#failed;
  }

  async kill(): Promise<void> {
    await this.close();
  }
}
