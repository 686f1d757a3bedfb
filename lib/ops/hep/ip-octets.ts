import { isIPv6 } from 'node:net';

/** The octets of an address in numbers, 4 or 16; a zone (`%eth0`) is left out. */
export function ipOctets(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  // The URL parser of Node writes an IPv4 tail in hexadecimal; it does not take a zone.
  const [plain = ''] = address.split('%');
  const normal = new URL(`http://[${plain}]/`).hostname.slice(1, -1);
  const [head = '', tail] = normal.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return Buffer.from(
    [...before, ...new Array<number>(zeros).fill(0), ...after].flatMap((group) => [group >> 8, group & 0xff]),
  );
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
