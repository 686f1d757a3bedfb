// An echo server in a process of its own, so that its memory is that of the associations and little else. Run with
// --expose-gc; answers each message of its parent with what it holds.
import { createServer } from '../../dtls/index.ts';
import { KEY } from './key.ts';

export interface ServerReport {
  readonly port: number;
  readonly associations: number;
  readonly halfOpen: number;
  /** Octets, after garbage collection. */
  readonly resident: number;
  readonly heap: number;
  /** What lives outside of the heap of V8: buffers. */
  readonly external: number;
  readonly counters: Readonly<Record<string, number>>;
}

const server = createServer({
  psk: { lookUp: async () => ({ key: KEY }) },
  limits: { halfOpenPerAddress: 100_000 },
});
server.on('association', (association) => {
  association.on('message', (data) => association.send(data));
});
await server.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });

process.on('message', () => {
  // As V8 does by itself once it has been idle for a while: pages that hold nothing go back to the system. Twice, because what
  // finalizers of the first hold goes with the second.
  for (let round = 0; round < 2; round++) globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { rss, heapUsed, external } = process.memoryUsage();
  const report: ServerReport = {
    port: server.address().port,
    associations: server.size,
    halfOpen: server.halfOpen,
    resident: rss,
    heap: heapUsed,
    external,
    counters: { ...server.counters },
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
