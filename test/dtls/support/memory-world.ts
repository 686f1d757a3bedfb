import { once } from 'node:events';

import {
  connect,
  createServer,
  MemoryNetwork,
  type DatagramTransport,
  type DtlsAssociation,
  type DtlsConnectOptions,
  type DtlsServer,
  type DtlsServerOptions,
  type MemoryNetworkOptions,
  type Peer,
} from '../../../dtls/index.ts';

export const SERVER: Peer = { address: '192.0.2.1', port: 5684 };

export const KEY = Buffer.from('0123456789abcdef');

/** A server and its clients on a network inside the process; everything that arrives, arrives in the order of `schedule`. */
export class MemoryWorld {
  readonly network: MemoryNetwork;
  readonly servers: DtlsServer[] = [];
  readonly #clients: DtlsAssociation[] = [];
  #port = 40_000;

  constructor(options: MemoryNetworkOptions = {}) {
    this.network = new MemoryNetwork({
      schedule: (deliver) => {
        setImmediate(deliver);
      },
      ...options,
    });
  }

  /** An echo server at {@link SERVER}, for whoever has {@link KEY}. */
  serve(options: DtlsServerOptions = {}, local: Peer = SERVER): DtlsServer {
    const server = createServer({ psk: { lookUp: async () => ({ key: KEY }) }, ...options });
    server.attach(
      this.network.open(local, (datagram, peer) => {
        server.receive(datagram, peer);
      }),
    );
    server.on('association', (association) => {
      association.on('message', (data) => association.send(data));
    });
    this.servers.push(server);
    return server;
  }

  /** A transport of a client whose datagrams go to `sent`, and on to the network when `passes` says so. */
  recorded(
    local: Peer,
    receive: (datagram: Buffer) => void,
    sent: Buffer[],
    passes: () => boolean = () => true,
  ): DatagramTransport {
    const inner = this.network.open(local, receive);
    return {
      send: (datagram, peer) => {
        sent.push(datagram);
        if (passes()) inner.send(datagram, peer);
      },
      close: async () => inner.close(),
    };
  }

  nextPeer(): Peer {
    return { address: '198.51.100.7', port: this.#port++ };
  }

  /** @param locals where the client is: at first, and after each rebind */
  async connect(options: Partial<DtlsConnectOptions> = {}, ...locals: Peer[]): Promise<DtlsAssociation> {
    const client = await connect({
      host: SERVER.address,
      port: SERVER.port,
      psk: { identity: 'agent', key: KEY },
      retransmission: { initialMilliseconds: 20 },
      transport: (receive) => this.network.open(locals.shift() ?? this.nextPeer(), receive),
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => client.close()));
    await Promise.all(this.servers.map(async (server) => server.close()));
  }
}

export async function echo(association: DtlsAssociation, text: string): Promise<string> {
  const answer = once(association, 'message') as Promise<[Buffer]>;
  association.send(Buffer.from(text));
  return (await answer)[0].toString();
}

/** Waits until that is so, at most two seconds; a test that depends on it says what it expected. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
}

export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a promise is refused with. */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
