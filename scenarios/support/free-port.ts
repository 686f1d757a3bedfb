import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

import { ScenarioError } from './errors.ts';

/** Ports by number: `count` of them from `first` on. */
export interface PortRange {
  readonly first: number;
  readonly count: number;
}

// Below the ports that Linux gives to sockets that ask for none (32768 and up), so that no connection of another test takes it
// between the question and its use.
const UNASSIGNED: PortRange = { first: 12_000, count: 18_000 };

// Some programs take the ports after theirs as well (baresip one for TLS).
const STEP = 11;

// Each port is given once, and two processes with these tests begin apart from each other.
let next = process.pid * 97;

/** A port that nobody has at any IPv4 address of this machine, over UDP or TCP, for a peer that cannot choose one itself. */
export async function freePort({ first, count }: PortRange = UNASSIGNED): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    next += STEP;
    const port = first + (next % count);
    if ((await isFreeForUdp(port)) && (await isFreeForTcp(port))) return port;
  }
  throw new ScenarioError(`no free port from ${first} to ${first + count - 1}`);
}

async function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const isFree = await succeeds(once(socket.bind(port, '0.0.0.0'), 'listening'));
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return isFree;
}

async function isFreeForTcp(port: number): Promise<boolean> {
  const server = createServer();
  const isFree = await succeeds(once(server.listen(port, '0.0.0.0'), 'listening'));
  if (isFree) {
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }
  return isFree;
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch {
    return false;
  }
}
