import { connect, MemoryNetwork } from '../../dtls/index.ts';
import { KEY } from './key.ts';

/** The first datagram that a client sends. */
export async function readRecordedHello(): Promise<Buffer> {
  const network = new MemoryNetwork();
  const signal = new AbortController();
  const hello = Promise.withResolvers<Buffer>();
  const server = { address: '192.0.2.1', port: 5684 };
  network.open(server, (datagram) => {
    hello.resolve(datagram);
    signal.abort();
  });
  const attempt = connect({
    host: server.address,
    port: server.port,
    psk: { identity: 'flood', key: KEY },
    signal: signal.signal,
    transport: (receive) => network.open({ address: '192.0.2.2', port: 1 }, receive),
  });
  await attempt.catch(() => undefined);
  return hello.promise;
}
