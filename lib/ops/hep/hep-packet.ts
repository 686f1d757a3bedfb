import { isIPv6 } from 'node:net';

import { addressOctets } from '../../../sip/index.ts';

/** One end of a captured message: an address in numbers, without brackets. */
export interface HepEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What one HEP packet says. */
export interface HepRecord {
  readonly source: HepEndpoint;
  readonly destination: HepEndpoint;
  readonly protocol: 'UDP' | 'TCP';
  /** Milliseconds since 1970-01-01T00:00:00Z; fractions count. */
  readonly time: number;
  readonly kind: 'sip' | 'log';
  readonly payload: Buffer;
  /** What belongs together: the Call-ID. */
  readonly correlationId: string;
}

/** The same in every packet of one capture agent. */
export interface HepAgent {
  readonly captureId: number;
  readonly nodeName: string;
  readonly password?: string | undefined;
}

/** Chunks of the vendor 0 ("generic"), as the HEP/EEP specification numbers them. */
const CHUNK = {
  ipFamily: 0x01,
  ipProtocol: 0x02,
  sourceIpv4: 0x03,
  destinationIpv4: 0x04,
  sourceIpv6: 0x05,
  destinationIpv6: 0x06,
  sourcePort: 0x07,
  destinationPort: 0x08,
  seconds: 0x09,
  microseconds: 0x0a,
  protocolType: 0x0b,
  captureId: 0x0c,
  password: 0x0e,
  payload: 0x0f,
  correlationId: 0x11,
  nodeName: 0x13,
} as const;

const AF_INET = 2;
const AF_INET6 = 10;
const IP_PROTOCOL = { UDP: 17, TCP: 6 } as const;
const PROTOCOL_TYPE = { sip: 1, log: 100 } as const;

/** `HEP3` and the length of the whole packet. */
const HEADER_OCTETS = 6;
const CHUNK_HEADER_OCTETS = 6;

/** Encodes a packet of HEP version 3 (also called EEP): a header and chunks of vendor, type, length and value. */
export function encodeHep(record: HepRecord, agent: HepAgent): Buffer {
  const { source, destination, time } = record;
  const v6 = isIPv6(source.address);
  const seconds = Math.floor(time / 1000);
  const microseconds = Math.min(Math.round((time - seconds * 1000) * 1000), 999_999);
  const chunks: Buffer[] = [
    chunk(CHUNK.ipFamily, Buffer.of(v6 ? AF_INET6 : AF_INET)),
    chunk(CHUNK.ipProtocol, Buffer.of(IP_PROTOCOL[record.protocol])),
    chunk(v6 ? CHUNK.sourceIpv6 : CHUNK.sourceIpv4, addressOctets(source.address)),
    chunk(v6 ? CHUNK.destinationIpv6 : CHUNK.destinationIpv4, addressOctets(destination.address)),
    chunk(CHUNK.sourcePort, uint16(source.port)),
    chunk(CHUNK.destinationPort, uint16(destination.port)),
    chunk(CHUNK.seconds, uint32(seconds)),
    chunk(CHUNK.microseconds, uint32(microseconds)),
    chunk(CHUNK.protocolType, Buffer.of(PROTOCOL_TYPE[record.kind])),
    chunk(CHUNK.captureId, uint32(agent.captureId)),
    chunk(CHUNK.nodeName, Buffer.from(agent.nodeName)),
    chunk(CHUNK.correlationId, Buffer.from(record.correlationId, 'latin1')),
  ];
  if (agent.password !== undefined) chunks.push(chunk(CHUNK.password, Buffer.from(agent.password)));
  chunks.push(chunk(CHUNK.payload, record.payload));
  const length = chunks.reduce((sum, one) => sum + one.length, HEADER_OCTETS);
  const header = Buffer.from('HEP3\0\0', 'latin1');
  header.writeUInt16BE(length, 4);
  return Buffer.concat([header, ...chunks], length);
}

/** What all chunks but the payload take at most: for how long a payload fits into one datagram. */
export const HEP_OVERHEAD_OCTETS = 1024;

function chunk(type: number, value: Buffer): Buffer {
  const length = CHUNK_HEADER_OCTETS + value.length;
  const octets = Buffer.allocUnsafe(length);
  octets.writeUInt16BE(0, 0);
  octets.writeUInt16BE(type, 2);
  octets.writeUInt16BE(length, 4);
  value.copy(octets, CHUNK_HEADER_OCTETS);
  return octets;
}

function uint16(value: number): Buffer {
  const octets = Buffer.allocUnsafe(2);
  octets.writeUInt16BE(value);
  return octets;
}

function uint32(value: number): Buffer {
  const octets = Buffer.allocUnsafe(4);
  octets.writeUInt32BE(value);
  return octets;
}
