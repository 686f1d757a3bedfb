import { addressOctets, formatAddress, type Peer } from '../../../sip/index.ts';

/** What a PROXY protocol v2 header says of a datagram that came over DTLS (haproxy's proxy-protocol.txt, 2.2). */
export interface ProxyHeader {
  readonly source: Peer;
  readonly destination: Peer;
  readonly channel?: ProxyChannel;
  /** What the client asked for by SNI (PP2_TYPE_AUTHORITY). */
  readonly authority?: string | undefined;
  /** The same for all datagrams of one association, 128 octets at most (PP2_TYPE_UNIQUE_ID). */
  readonly uniqueId?: string | undefined;
  readonly identity?: ProxyIdentity | undefined;
}

/** PP2_TYPE_SSL. */
export interface ProxyChannel {
  /** Such as `DTLSv1.2`. */
  readonly version: string;
  /** OpenSSL's name of the suite. */
  readonly cipher: string;
  /** Who the client proved to be: the common name of its certificate, or whom its key stands for. */
  readonly commonName?: string | undefined;
  /** True when the client showed a certificate in this handshake. */
  readonly certificate: boolean;
}

/** Types 0xE0 to 0xE2, which the protocol leaves to applications. */
export interface ProxyIdentity {
  /** The authenticator: `gba-psk`, `psk` or `certificate`. */
  readonly scheme: string;
  readonly impi?: string | undefined;
  /** Public identities, the default one first. */
  readonly impus: readonly string[];
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Version 2, command PROXY. */
const VERSION_COMMAND = 0x21;
const DGRAM_IPV4 = 0x12;
const DGRAM_IPV6 = 0x22;
/** Signature, version and command, family, length. */
const FIXED_OCTETS = 16;

const AUTHORITY = 0x02;
const UNIQUE_ID = 0x05;
const SSL = 0x20;
const SSL_VERSION = 0x21;
const SSL_CN = 0x22;
const SSL_CIPHER = 0x23;
const IDENTITY_SCHEME = 0xe0;
const IDENTITY_IMPI = 0xe1;
const IDENTITY_IMPU = 0xe2;

const CLIENT_SSL = 0x01;
const CLIENT_CERT_CONN = 0x02;
const CLIENT_CERT_SESS = 0x04;

/** Flags (1) and verify (4) before the TLVs within PP2_TYPE_SSL. */
const SSL_FIXED_OCTETS = 5;

/** More public identities than that make a header that no datagram has room for; the rest is left out. */
const MAXIMUM_IMPUS = 8;
/** Longer values are left out: nothing that is cut may stand for the whole. */
const LONGEST_VALUE_OCTETS = 512;
const LONGEST_UNIQUE_ID_OCTETS = 128;

/** The header, to be put in front of a datagram. */
export function formatProxyHeader(header: ProxyHeader): Buffer {
  const { source, destination, channel, authority, uniqueId, identity } = header;
  const addresses = [addressOctets(source.address), addressOctets(destination.address)];
  const isSix = addresses.some((octets) => octets.length === 16);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const body = Buffer.concat([
    ...addresses.map((octets) => (isSix && octets.length === 4 ? mapped(octets) : octets)),
    ports,
    text(AUTHORITY, authority),
    text(UNIQUE_ID, uniqueId, LONGEST_UNIQUE_ID_OCTETS),
    channel === undefined ? NOTHING : formatChannel(channel),
    text(IDENTITY_SCHEME, identity?.scheme),
    text(IDENTITY_IMPI, identity?.impi),
    ...(identity?.impus ?? []).slice(0, MAXIMUM_IMPUS).map((impu) => text(IDENTITY_IMPU, impu)),
  ]);
  const fixed = Buffer.alloc(FIXED_OCTETS);
  SIGNATURE.copy(fixed);
  fixed[12] = VERSION_COMMAND;
  fixed[13] = isSix ? DGRAM_IPV6 : DGRAM_IPV4;
  fixed.writeUInt16BE(body.length, 14);
  return Buffer.concat([fixed, body]);
}

/**
 * Takes a header off a datagram: for servers behind the relay that are ours, and for tests.
 *
 * @returns undefined when there is none that is whole, and for datagrams that are not over IP
 */
export function readProxyHeader(
  datagram: Buffer,
): { readonly header: ProxyHeader; readonly payload: Buffer } | undefined {
  if (datagram.length < FIXED_OCTETS || !datagram.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const family = datagram[13];
  const octets = family === DGRAM_IPV4 ? 4 : family === DGRAM_IPV6 ? 16 : 0;
  const end = FIXED_OCTETS + datagram.readUInt16BE(14);
  const tlvs = FIXED_OCTETS + octets * 2 + 4;
  if (datagram[12] !== VERSION_COMMAND || octets === 0 || end > datagram.length || tlvs > end) return undefined;
  const values = readTlvs(datagram.subarray(tlvs, end));
  if (values === undefined) return undefined;
  const addressAt = (place: number): string => formatAddress(datagram.subarray(place, place + octets));
  const one = (type: number): string | undefined => values.find((tlv) => tlv.type === type)?.value.toString('utf8');
  const ssl = values.find(({ type }) => type === SSL)?.value;
  const channel = ssl === undefined ? undefined : readChannel(ssl);
  if (ssl !== undefined && channel === undefined) return undefined;
  const scheme = one(IDENTITY_SCHEME);
  const impus = values.filter(({ type }) => type === IDENTITY_IMPU).map(({ value }) => value.toString('utf8'));
  return {
    header: {
      source: { address: addressAt(FIXED_OCTETS), port: datagram.readUInt16BE(tlvs - 4) },
      destination: { address: addressAt(FIXED_OCTETS + octets), port: datagram.readUInt16BE(tlvs - 2) },
      authority: one(AUTHORITY),
      uniqueId: one(UNIQUE_ID),
      ...(channel === undefined ? {} : { channel }),
      ...(scheme === undefined ? {} : { identity: { scheme, impi: one(IDENTITY_IMPI), impus } }),
    },
    payload: datagram.subarray(end),
  };
}

const NOTHING = Buffer.alloc(0);

function formatChannel({ version, cipher, commonName, certificate }: ProxyChannel): Buffer {
  const fixed = Buffer.alloc(SSL_FIXED_OCTETS);
  fixed[0] = CLIENT_SSL | (certificate ? CLIENT_CERT_CONN | CLIENT_CERT_SESS : 0);
  return tlv(
    SSL,
    Buffer.concat([fixed, text(SSL_VERSION, version), text(SSL_CN, commonName), text(SSL_CIPHER, cipher)]),
  );
}

function readChannel(value: Buffer): ProxyChannel | undefined {
  if (value.length < SSL_FIXED_OCTETS) return undefined;
  const values = readTlvs(value.subarray(SSL_FIXED_OCTETS));
  if (values === undefined) return undefined;
  const one = (type: number): string | undefined =>
    values.find((candidate) => candidate.type === type)?.value.toString('utf8');
  return {
    version: one(SSL_VERSION) ?? '',
    cipher: one(SSL_CIPHER) ?? '',
    commonName: one(SSL_CN),
    certificate: ((value[0] ?? 0) & CLIENT_CERT_CONN) !== 0,
  };
}

function text(type: number, value: string | undefined, longest = LONGEST_VALUE_OCTETS): Buffer {
  if (value === undefined) return NOTHING;
  const octets = Buffer.from(value, 'utf8');
  return octets.length > longest ? NOTHING : tlv(type, octets);
}

/** Type (1), length (2), value. */
function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head[0] = type;
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

function readTlvs(octets: Buffer): { readonly type: number; readonly value: Buffer }[] | undefined {
  const found: { type: number; value: Buffer }[] = [];
  let position = 0;
  while (position < octets.length) {
    if (position + 3 > octets.length) return undefined;
    const end = position + 3 + octets.readUInt16BE(position + 1);
    if (end > octets.length) return undefined;
    found.push({ type: octets[position] ?? 0, value: octets.subarray(position + 3, end) });
    position = end;
  }
  return found;
}

/** ::ffff:a.b.c.d */
function mapped(octets: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(10), Buffer.of(0xff, 0xff), octets]);
}
