import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIPv6 } from 'node:net';

import { addressOctets } from '../address-octets.ts';

/**
 * The file descriptors of this process that are UDP sockets bound to an address, the lowest first. Node shows no
 * descriptor of a socket that it opened, the kernel does: /proc/self/fd names the inode, /proc/self/net/udp its address.
 *
 * @throws what node:fs throws where there is no such /proc
 */
export function socketsAt(address: string, port: number): number[] {
  const inodes = inodesAt(address, port);
  return readdirSync('/proc/self/fd')
    .map(Number)
    .sort((a, b) => a - b)
    .filter((descriptor) => inodes.has(inodeOf(descriptor) ?? ''));
}

/** Columns of /proc/net/udp (proc(5)): the local address is the second, the inode the tenth. */
function inodesAt(address: string, port: number): Set<string> {
  const table = isIPv6(address) ? '/proc/self/net/udp6' : '/proc/self/net/udp';
  const wanted = `${hexadecimal(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found = new Set<string>();
  for (const line of readFileSync(table, 'latin1').split('\n')) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[9];
    if (columns[1] === wanted && inode !== undefined) found.add(inode);
  }
  return found;
}

function inodeOf(descriptor: number): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch {
    // Closed since the folder was read, as is the descriptor that read it.
    return undefined;
  }
}

/** An address as the kernel prints it: words of four octets, each in the order of the machine, which is little-endian. */
function hexadecimal(address: string): string {
  const octets = addressOctets(address);
  let text = '';
  for (let word = 0; word < octets.length; word += 4) {
    for (let octet = word + 3; octet >= word; octet--) text += (octets[octet] ?? 0).toString(16).padStart(2, '0');
  }
  return text.toUpperCase();
}
