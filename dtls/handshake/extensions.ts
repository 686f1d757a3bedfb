import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { EXTENSION_TYPE } from './extension-type.ts';

/** The extensions of a hello that mean something here. Absent ones are undefined or false. */
export interface HelloExtensions {
  /** Host name that the client asks for; in a ServerHello the empty string, which says that it was heeded. */
  serverName: string | undefined;
  /** Code 1 to 4 for 512 to 4096 octets (RFC 6066 4). */
  maximumFragmentLength: number | undefined;
  groups: readonly number[] | undefined;
  /** False only when a list is there without the uncompressed form. */
  uncompressedPoints: boolean;
  pointFormats: boolean;
  signatureSchemes: readonly number[] | undefined;
  encryptThenMac: boolean;
  extendedMasterSecret: boolean;
  /** Octets, 64 or more (RFC 8449). */
  recordSizeLimit: number | undefined;
  /** Empty to ask for one. */
  sessionTicket: Buffer | undefined;
  /** The identifier that its sender wants to receive. */
  connectionId: Buffer | undefined;
  returnRoutability: boolean;
  renegotiationInfo: Buffer | undefined;
  /** Types of all extensions that were there, known or not. */
  types: readonly number[];
}

export function noExtensions(): HelloExtensions {
  return {
    serverName: undefined,
    maximumFragmentLength: undefined,
    groups: undefined,
    uncompressedPoints: true,
    pointFormats: false,
    signatureSchemes: undefined,
    encryptThenMac: false,
    extendedMasterSecret: false,
    recordSizeLimit: undefined,
    sessionTicket: undefined,
    connectionId: undefined,
    returnRoutability: false,
    renegotiationInfo: undefined,
    types: [],
  };
}

/** A hello with more extensions than this is refused: looking for duplicates takes quadratic time. */
const MAXIMUM_EXTENSIONS = 64;

/**
 * Reads the list of extensions, without its length, of a ClientHello or ServerHello. Undefined when one of them is malformed
 * or there twice.
 */
export function readExtensions(block: Buffer, sender: 'client' | 'server'): HelloExtensions | undefined {
  const reader = new ByteReader(block);
  const extensions = noExtensions();
  const types: number[] = [];
  while (reader.remaining > 0) {
    const type = reader.uint16();
    const length = reader.uint16();
    const start = reader.skip(length);
    if (reader.failed || types.includes(type) || types.length === MAXIMUM_EXTENSIONS) return undefined;
    types.push(type);
    if (!readExtension(extensions, type, new ByteReader(block, start, start + length), sender)) return undefined;
  }
  extensions.types = types;
  return extensions;
}

function readExtension(
  extensions: HelloExtensions,
  type: number,
  reader: ByteReader,
  sender: 'client' | 'server',
): boolean {
  switch (type) {
    case EXTENSION_TYPE.serverName:
      extensions.serverName = sender === 'client' ? readServerName(reader) : '';
      return extensions.serverName !== undefined && reader.complete;
    case EXTENSION_TYPE.maximumFragmentLength:
      extensions.maximumFragmentLength = reader.uint8();
      return reader.complete;
    case EXTENSION_TYPE.supportedGroups:
      extensions.groups = readNumbers(reader.vector16(2));
      return extensions.groups !== undefined && reader.complete;
    case EXTENSION_TYPE.pointFormats:
      extensions.pointFormats = true;
      extensions.uncompressedPoints = reader.vector8(1).includes(0);
      return reader.complete;
    case EXTENSION_TYPE.signatureAlgorithms:
      extensions.signatureSchemes = readNumbers(reader.vector16(2));
      return extensions.signatureSchemes !== undefined && reader.complete;
    case EXTENSION_TYPE.encryptThenMac:
      extensions.encryptThenMac = true;
      return reader.complete;
    case EXTENSION_TYPE.extendedMasterSecret:
      extensions.extendedMasterSecret = true;
      return reader.complete;
    case EXTENSION_TYPE.recordSizeLimit:
      extensions.recordSizeLimit = reader.uint16();
      return reader.complete;
    case EXTENSION_TYPE.sessionTicket:
      extensions.sessionTicket = reader.bytes(reader.remaining);
      return sender === 'client' || extensions.sessionTicket.length === 0;
    case EXTENSION_TYPE.connectionId:
      extensions.connectionId = reader.vector8();
      return reader.complete;
    case EXTENSION_TYPE.returnRoutability:
      extensions.returnRoutability = true;
      return reader.complete;
    case EXTENSION_TYPE.renegotiationInfo:
      extensions.renegotiationInfo = reader.vector8();
      return reader.complete;
    default:
      return true;
  }
}

const HOST_NAME = 0;

/** The host name of a ServerNameList (RFC 6066 3); the empty string when it has names of other types only. */
function readServerName(outer: ByteReader): string | undefined {
  const list = outer.vector16(1);
  const reader = new ByteReader(list);
  let name: string | undefined;
  while (reader.remaining > 0) {
    const type = reader.uint8();
    const octets = reader.vector16(1);
    if (reader.failed) return undefined;
    if (type !== HOST_NAME) continue;
    if (name !== undefined || !isHostName(octets)) return undefined;
    name = octets.toString('latin1').toLowerCase();
  }
  return name ?? '';
}

/** Letters, digits, hyphens, underscores and dots: what names of hosts are made of. */
function isHostName(octets: Buffer): boolean {
  if (octets.length > 255) return false;
  for (const octet of octets) {
    const letter = octet | 0x20;
    const fits =
      (letter >= 0x61 && letter <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x2d || octet === 0x2e;
    if (!fits && octet !== 0x5f) return false;
  }
  return true;
}

export function readNumbers(vector: Buffer): number[] | undefined {
  if (vector.length % 2 !== 0) return undefined;
  const numbers: number[] = [];
  for (let at = 0; at < vector.length; at += 2) numbers.push(vector.readUInt16BE(at));
  return numbers;
}

/**
 * Writes the extensions with the length of their list; nothing at all when there are none. A ServerHello names no groups and
 * schemes, and answers server_name with nothing in it.
 */
export function writeExtensions(writer: ByteWriter, extensions: HelloExtensions, sender: 'client' | 'server'): void {
  const list = writer.beginVector16();
  const begin = (type: number): number => writer.uint16(type).beginVector16();
  const flag = (type: number): ByteWriter => writer.uint16(type).uint16(0);

  if (extensions.renegotiationInfo !== undefined) {
    const start = begin(EXTENSION_TYPE.renegotiationInfo);
    writer.vector8(extensions.renegotiationInfo).endVector16(start);
  }
  if (extensions.serverName !== undefined) {
    const start = begin(EXTENSION_TYPE.serverName);
    if (sender === 'client') {
      const names = writer.beginVector16();
      writer.uint8(HOST_NAME).vector16(Buffer.from(extensions.serverName, 'latin1')).endVector16(names);
    }
    writer.endVector16(start);
  }
  if (extensions.maximumFragmentLength !== undefined)
    writer.uint16(EXTENSION_TYPE.maximumFragmentLength).uint16(1).uint8(extensions.maximumFragmentLength);
  if (extensions.groups !== undefined) writeNumbers(writer, EXTENSION_TYPE.supportedGroups, extensions.groups);
  if (extensions.pointFormats) writer.uint16(EXTENSION_TYPE.pointFormats).uint16(2).uint8(1).uint8(0);
  if (extensions.signatureSchemes !== undefined)
    writeNumbers(writer, EXTENSION_TYPE.signatureAlgorithms, extensions.signatureSchemes);
  if (extensions.encryptThenMac) flag(EXTENSION_TYPE.encryptThenMac);
  if (extensions.extendedMasterSecret) flag(EXTENSION_TYPE.extendedMasterSecret);
  if (extensions.recordSizeLimit !== undefined)
    writer.uint16(EXTENSION_TYPE.recordSizeLimit).uint16(2).uint16(extensions.recordSizeLimit);
  if (extensions.sessionTicket !== undefined)
    writer.uint16(EXTENSION_TYPE.sessionTicket).vector16(extensions.sessionTicket);
  if (extensions.connectionId !== undefined) {
    const start = begin(EXTENSION_TYPE.connectionId);
    writer.vector8(extensions.connectionId).endVector16(start);
  }
  if (extensions.returnRoutability) flag(EXTENSION_TYPE.returnRoutability);

  if (writer.length === list) writer.dropLast(2);
  else writer.endVector16(list);
}

function writeNumbers(writer: ByteWriter, type: number, numbers: readonly number[]): void {
  const start = writer.uint16(type).beginVector16();
  const list = writer.beginVector16();
  for (const number of numbers) writer.uint16(number);
  writer.endVector16(list).endVector16(start);
}
