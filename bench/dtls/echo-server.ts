// osgate's echo server for the benchmark, on the public API of dtls/.
//   node echo-server.ts PORT psk|ecdhe SUITE CERTIFICATE KEY
// SIGUSR2 collects garbage, for which node needs --expose-gc. SIGTERM ends.
import { readFileSync } from 'node:fs';

import { createServer, type DtlsServerOptions } from '../../dtls/index.ts';

const [port = '0', kind, suite = '', certificate = '', key = ''] = process.argv.slice(2);

/** As in datagram-bio.h. */
const answer = { key: Buffer.from('osgate-bench-psk') };

const credentials: DtlsServerOptions =
  kind === 'psk'
    ? { psk: { lookUp: () => Promise.resolve(answer) } }
    : { certificates: [{ certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(key, 'utf8') }] };

// The load generator of OpenSSL knows neither tickets nor connection ids; sessions by id would be kept for nobody.
const server = createServer({
  ...credentials,
  cipherSuites: [suite],
  groups: ['secp256r1'],
  sessionTickets: false,
  sessionCache: false,
});

server.on('association', (association) => {
  association.on('message', (data) => {
    association.send(data);
  });
});
server.on('failure', ({ reason }) => {
  process.stderr.write(`osgate: a handshake failed: ${reason}\n`);
});

await server.listen({ host: '127.0.0.1', port: Number(port), receiveBufferBytes: 1 << 22 });

process.on('SIGUSR2', () => {
  // As the others do: what is free goes back to the system at once, not when V8 finds time.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
});
process.on('SIGTERM', () => {
  process.exit();
});
console.log(JSON.stringify({ port: server.address().port }));
