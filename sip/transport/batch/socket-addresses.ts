import { networkInterfaces } from 'node:os';

import { extendHash, spreadHash } from '../../string-hash.ts';
import { addressOctets, formatAddress } from '../address-octets.ts';
import type { Peer } from '../transport.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** struct sockaddr_in: family, port, 4 octets of address, 8 of nothing. */
const IPV4_OCTETS = 16;
/** struct sockaddr_in6: family, port, flow, 16 octets of address, scope. */
const IPV6_OCTETS = 28;
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;
const SCOPE_AT = 24;

/** Places for what is remembered, a power of two. Two that want one place push each other out, which costs a microsecond. */
const PLACES = 2048;

/** Words that tell one socket address from another: family and port, the address, the scope. */
const WORDS = 6;

/**
 * Reads and writes socket addresses of Linux (ip(7), ipv6(7)), and remembers those that it has seen. In tables of fixed size,
 * written in place: of a Map that is filled and emptied again, V8 copies all that was ever in it
 * (docs/decisions/0028-nothing-dead-holds-the-living.md).
 */
export class SocketAddresses {
  readonly #seen = new Uint32Array(PLACES * WORDS);
  readonly #peers = new Array<Peer | undefined>(PLACES).fill(undefined);
  readonly #addresses = new Array<string>(PLACES).fill('');
  readonly #names = Buffer.alloc(PLACES * IPV6_OCTETS);

  /**
   * The peer of a struct sockaddr_in or sockaddr_in6; one object for one peer, most of the time. Only who comes twice is remembered, so
   * that a flood from many addresses leaves nothing behind.
   */
  read(memory: Buffer, start: number): Peer {
    const seen = this.#seen;
    const isIpv4 = memory[start] === AF_INET;
    // Without the flow label, which is no part of who it is.
    const first = memory.readUInt32LE(start);
    const address = isIpv4 ? start + IPV4_AT : start + IPV6_AT;
    const words = isIpv4 ? 1 : WORDS - 1;
    let hash = first;
    for (let word = 0; word < words; word++)
      hash = Math.imul(hash ^ memory.readUInt32LE(address + 4 * word), 0x9e3779b1);
    const place = spreadHash(hash) & (PLACES - 1);
    const row = place * WORDS;
    let isSame = seen[row] === first;
    for (let word = 0; word < words && isSame; word++) {
      isSame = seen[row + 1 + word] === memory.readUInt32LE(address + 4 * word);
    }
    const known = isSame ? this.#peers[place] : undefined;
    if (known !== undefined) return known;
    const peer: Peer = {
      address: isIpv4 ? readIpv4(memory, start) : readIpv6(memory, start),
      port: memory.readUInt16BE(start + PORT_AT),
    };
    this.#peers[place] = isSame ? peer : undefined;
    seen[row] = first;
    for (let word = 0; word < words; word++) seen[row + 1 + word] = memory.readUInt32LE(address + 4 * word);
    return peer;
  }

  /** Writes the struct of a peer; returns its length, or 0 for an address with a zone, whose number only the system knows. */
  write({ address, port }: Peer, memory: Buffer, start: number): number {
    const place = spreadHash(extendHash(0, address)) & (PLACES - 1);
    const at = place * IPV6_OCTETS;
    if (this.#addresses[place] !== address) {
      if (address.includes('%')) return 0;
      nameOf(address).copy(this.#names, at);
      this.#addresses[place] = address;
    }
    const length = this.#names[at] === AF_INET ? IPV4_OCTETS : IPV6_OCTETS;
    this.#names.copy(memory, start, at, at + length);
    memory.writeUInt16BE(port, start + PORT_AT);
    return length;
  }
}

function readIpv4(memory: Buffer, start: number): string {
  return formatAddress(memory.subarray(start + IPV4_AT, start + IPV4_AT + 4));
}

function readIpv6(memory: Buffer, start: number): string {
  const text = formatAddress(memory.subarray(start + IPV6_AT, start + IPV6_AT + 16));
  const scope = memory.readUInt32LE(start + SCOPE_AT);
  return scope === 0 ? text : `${text}%${zoneOf(scope)}`;
}

/** The name of a network interface; its number, which means the same, when it has gone. */
function zoneOf(scope: number): string {
  const named = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some((address) => address.family === 'IPv6' && address.scopeid === scope),
  );
  return named?.[0] ?? String(scope);
}

function nameOf(address: string): Buffer {
  const octets = addressOctets(address);
  const ipv4 = octets.length === 4;
  const name = Buffer.alloc(ipv4 ? IPV4_OCTETS : IPV6_OCTETS);
  name.writeUInt16LE(ipv4 ? AF_INET : AF_INET6, 0);
  octets.copy(name, ipv4 ? IPV4_AT : IPV6_AT);
  return name;
}
