import { KeyedHash } from './keyed-hash.ts';

/** 32-bit words of a source: four of the address, one of port and transport. */
export const SOURCE_WORDS = 5;

const PORT_WORD = 4;

/**
 * Where a datagram came from, as numbers: read into the same five words each time, so that a stranger costs no memory. An
 * IPv4 address is held as `::ffff:a.b.c.d`, also when a dual-stack socket writes it so.
 */
export class Source {
  readonly words = new Uint32Array(SOURCE_WORDS);
  /** Hash of transport, address and port. */
  readonly flowHash: KeyedHash;
  /** Hash of the address, for IPv6 of its first 64 bits: what one customer gets, and can number at will. */
  readonly addressHash: KeyedHash;
  readonly #network = new Uint32Array(SOURCE_WORDS);
  #isIpv4 = true;

  /** @param random gives that many unpredictable octets */
  constructor(random: (octets: number) => Buffer) {
    this.flowHash = new KeyedHash(random(8));
    this.addressHash = new KeyedHash(random(8));
  }

  /** Reads a source and hashes the whole of it. `transport` is a small number, below 65,536. */
  read(address: string, port: number, transport: number): void {
    const { words } = this;
    this.#isIpv4 = readAddress(address, words);
    words[PORT_WORD] = (transport << 16) | port;
    this.flowHash.update(words, this.#isIpv4 ? 3 : 0, SOURCE_WORDS);
  }

  /** Reads an association in place of an address, which may change. `transport` as for {@link read}. */
  readAssociation(association: number, transport: number): void {
    const { words } = this;
    this.#isIpv4 = false;
    // No address begins so: ffff:ffff::/32 is reserved.
    words[0] = 0xffff_ffff;
    words[1] = 0;
    words[2] = 0;
    words[3] = association;
    words[PORT_WORD] = transport << 16;
    this.flowHash.update(words, 0, SOURCE_WORDS);
  }

  /** The address without port and transport, as words of a {@link SourceTable}; hashes it too. */
  network(): Uint32Array {
    const { words } = this;
    const network = this.#network;
    const isIpv4 = this.#isIpv4;
    network[0] = isIpv4 ? 0 : (words[0] ?? 0);
    network[1] = isIpv4 ? 0 : (words[1] ?? 0);
    network[2] = isIpv4 ? 0xffff : 0;
    network[3] = isIpv4 ? (words[3] ?? 0) : 0;
    this.addressHash.update(network, isIpv4 ? 3 : 0, isIpv4 ? 4 : 2);
    return network;
  }
}

/** Reads an IP address literal; true for IPv4, mapped into IPv6 or not. What is no address becomes one all the same. */
export function readAddress(address: string, words: Uint32Array): boolean {
  const length = address.length;
  let value = 0;
  let part = 0;
  for (let index = 0; index < length; index++) {
    const code = address.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) part = part * 10 + code - 0x30;
    else if (code === 0x2e) {
      value = (value << 8) | (part & 0xff);
      part = 0;
    } else return readIpv6(address, words);
  }
  setIpv4(words, (value << 8) | (part & 0xff));
  return true;
}

function setIpv4(words: Uint32Array, value: number): void {
  words[0] = 0;
  words[1] = 0;
  words[2] = 0xffff;
  words[3] = value;
}

/** Groups before and behind `::`; a zone (`%eth0`) is no part of the address. */
function readIpv6(address: string, words: Uint32Array): boolean {
  const groups = GROUPS.fill(0);
  let count = 0;
  let gap = -1;
  let group = 0;
  let hasDigits = false;
  let index = 0;
  for (; index < address.length; index++) {
    const code = address.charCodeAt(index);
    const digit = hexDigit(code);
    if (digit >= 0) {
      group = ((group << 4) | digit) & 0xffff;
      hasDigits = true;
    } else if (code === 0x3a) {
      if (hasDigits) groups[count++ & 7] = group;
      else if (index > 0) gap = count;
      group = 0;
      hasDigits = false;
    } else if (code === 0x2e && gap === 0) {
      // ::ffff:192.0.2.1
      return readAddress(address.slice(address.lastIndexOf(':') + 1), words);
    } else break;
  }
  if (hasDigits) groups[count++ & 7] = group;
  if (gap >= 0 && count < 8) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  for (let word = 0; word < 4; word++) words[word] = ((groups[word * 2] ?? 0) << 16) | (groups[word * 2 + 1] ?? 0);
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

const GROUPS = new Uint16Array(8);

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
