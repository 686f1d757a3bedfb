import { readFileSync } from 'node:fs';

const PAGE = readFileSync(new URL('../../../docs/gpi.md', import.meta.url), 'utf8');

/** What the vectors of docs/gpi.md were made from, as the page says it. */
export const VECTOR = {
  ks: Buffer.from(Array.from({ length: 32 }, (_, index) => index)),
  rand: Buffer.from('202122232425262728292a2b2c2d2e2f', 'hex'),
  autn: Buffer.from('55f328b43577b9b94a9ffac354dfafb3', 'hex'),
  impi: '001010123456789@ims.mnc001.mcc001.3gppnetwork.org',
  fqdn: 'osg.example.com',
  protocol: '0100000005',
  ptid: 'A'.repeat(22),
  expiresAt: Date.UTC(2027, 0, 1),
  nafKey: Buffer.from('07a3f302808bfd3c0a622701d1d34b4f48b15dc629c2973206a76f7729494396', 'hex'),
  text: Buffer.from('where are you?'),
};

/** The octets that docs/gpi.md has under a title such as `GPI` or `AES_128_GCM uplink`. */
export function vectorOf(title: string): Buffer {
  const [, hex] = new RegExp(`^${title}\\n((?:[0-9a-f]+\\n)+)`, 'm').exec(PAGE) ?? [];
  if (hex === undefined) throw new TypeError(`docs/gpi.md has no vector ${title}`);
  return Buffer.from(hex.replaceAll('\n', ''), 'hex');
}
