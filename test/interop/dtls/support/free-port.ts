import { createSocket } from 'node:dgram';

// Below the ports that systems give to sockets that ask for none, so that no socket of another session takes it meanwhile; and
// apart from those that another process with these tests begins with.
const FIRST = 12_000;
const COUNT = 18_000;

let next = (process.pid * 97) % COUNT;

/** A UDP port of every IPv4 address of this machine that nobody has, for a peer that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await canBind(port)) return port;
  }
  throw new Error('no free UDP port');
}

async function canBind(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, '0.0.0.0', resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
  }
}
