// A location server as a process: `node scenarios/location-server/main.ts --help`.
import { Command } from 'commander';

import { LocationServer } from './location-server.ts';
import type { Position } from './pidf-lo-document.ts';

interface Options {
  host: string;
  port: string;
  interval: string;
  minExpires: string;
  ring: string;
  requireIdentity?: boolean;
}

const program = new Command('location-server')
  .description('a LOCSIP location server for demonstrations and tests; it logs JSON lines, and never a location')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'UDP port; 0 lets the system choose', '0')
  .option('--interval <milliseconds>', 'time between two notifications', '5000')
  .option('--min-expires <seconds>', 'shortest subscription', '1')
  .option('--ring <milliseconds>', 'how long a call rings', '100')
  .option('--require-identity', 'refuse requests without P-Asserted-Identity');

const options = program.parse().opts<Options>();

/** A target walks round a square near the Greenwich meridian, a step a notification. */
let step = 0;
const walk = (): Position => {
  step++;
  return { latitude: 51.4778 + 0.0001 * (step % 4), longitude: -0.0015 + 0.0001 * (step % 3), radius: 25 };
};

const server = await LocationServer.start({
  host: options.host,
  port: Number(options.port),
  intervalMilliseconds: Number(options.interval),
  minimumExpires: Number(options.minExpires),
  maximumExpires: 3600,
  maximumSubscriptions: 100_000,
  requireIdentity: options.requireIdentity === true,
  ringMilliseconds: Number(options.ring),
  position: walk,
  onRequest: (request, status) => {
    const asserted = request.values('P-Asserted-Identity');
    const { method, callId } = request;
    console.log(JSON.stringify({ event: 'request', method, target: request.to.uri, asserted, callId, status }));
  },
});
console.log(JSON.stringify({ event: 'listening', address: options.host, port: server.port }));

process.once('SIGTERM', () => {
  void server.close().then(() => process.exit(0));
});
