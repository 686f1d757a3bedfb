import { isIPv6, SocketAddress } from 'node:net';

/** The 4 or 16 octets of an IPv4 or IPv6 literal, in the order of the network; a zone is left off. */
export function addressOctets(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const octets = Buffer.alloc(16);
  const zone = address.indexOf('%');
  const [head = '', tail] = (zone < 0 ? address : address.slice(0, zone)).split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  before.forEach((group, index) => octets.writeUInt16BE(group, 2 * index));
  after.forEach((group, index) => octets.writeUInt16BE(group, 2 * (8 - after.length + index)));
  return octets;
}

/** The address of 4 or 16 octets, in the spelling that the system gives source addresses. */
export function formatAddress(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  const text = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index).toString(16)).join(':');
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}

/** Groups of four hexadecimal digits; the last two may be an IPv4 address (RFC 4291 2.2). */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
