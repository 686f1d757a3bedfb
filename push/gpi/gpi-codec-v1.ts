import { hkdfSync } from 'node:crypto';

import { NafId } from '../../kmc/index.ts';
import { PushError } from '../errors.ts';
import { AES_128_GCM } from '../layer/cipher-suites.ts';
import type { Gpi, GpiBody, GpiCodec, GpiHeader, GpiProtection } from './gpi-codec.ts';

/** docs/gpi.md, version 1. */
const VERSION = 1;
const MODES = ['GBA_ME', 'GBA_U'] as const;

const RAND_OFFSET = 2;
const AUTN_OFFSET = 18;
const LABEL_OFFSET = 34;
const MAXIMUM_LABEL_OCTETS = 16;
const PROTOCOL_OCTETS = 5;
const EXPIRY_OCTETS = 4;
const MAXIMUM_PTID_OCTETS = 255;

const NONCE_OCTETS = 12;

/** The layout of docs/gpi.md, version 1: at most 118 octets for an FQDN of 30 octets, a label of 4 and a P-TID of 22. */
export class GpiCodecV1 implements GpiCodec {
  encode(gpi: Gpi, protection: GpiProtection): Buffer {
    const header = formatHeader(gpi);
    const body = formatBody(gpi);
    const { key, nonce } = keysOf(protection, gpi.rand);
    return Buffer.concat([header, AES_128_GCM.seal(key, nonce, header, body)]);
  }

  readHeader(octets: Uint8Array): GpiHeader | undefined {
    return parse(octets)?.header;
  }

  open(octets: Uint8Array, protection: GpiProtection): Gpi | undefined {
    const parsed = parse(octets);
    if (parsed === undefined) return undefined;
    const { header, clear, sealed } = parsed;
    const { key, nonce } = keysOf(protection, header.rand);
    const opened = AES_128_GCM.open(key, nonce, clear, sealed);
    const body = opened === undefined ? undefined : parseBody(opened);
    return body === undefined ? undefined : { ...header, ...body };
  }

  randOf(octets: Uint8Array): Buffer | undefined {
    return this.readHeader(octets)?.rand;
  }
}

function formatHeader({ mode, rand, autn, applicationLabel, nafId }: GpiHeader): Buffer {
  requireOctets('RAND', rand.length === 16);
  requireOctets('AUTN', autn.length === 16);
  requireOctets('the application label', applicationLabel.length <= MAXIMUM_LABEL_OCTETS);
  const naf = nafId.toBytes();
  return Buffer.concat([
    Buffer.of(VERSION, MODES.indexOf(mode)),
    rand,
    autn,
    Buffer.of(applicationLabel.length),
    applicationLabel,
    Buffer.of(naf.length - PROTOCOL_OCTETS),
    naf,
  ]);
}

function formatBody({ ptid, expiresAt }: GpiBody): Buffer {
  const name = Buffer.from(ptid, 'utf8');
  requireOctets('the P-TID', name.length >= 1 && name.length <= MAXIMUM_PTID_OCTETS);
  const seconds = Math.floor(expiresAt / 1000);
  requireOctets('the expiry time', seconds >= 0 && seconds <= 0xffff_ffff);
  const body = Buffer.alloc(EXPIRY_OCTETS + name.length);
  body.writeUInt32BE(seconds);
  name.copy(body, EXPIRY_OCTETS);
  return body;
}

function parse(octets: Uint8Array): { header: GpiHeader; clear: Buffer; sealed: Buffer } | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const mode = MODES[buffer[1] ?? MODES.length];
  const labelOctets = buffer[LABEL_OFFSET];
  if (buffer[0] !== VERSION || mode === undefined || labelOctets === undefined) return undefined;
  if (labelOctets > MAXIMUM_LABEL_OCTETS) return undefined;
  const nafOffset = LABEL_OFFSET + 1 + labelOctets;
  const fqdnOctets = buffer[nafOffset];
  if (fqdnOctets === undefined) return undefined;
  const end = nafOffset + 1 + fqdnOctets + PROTOCOL_OCTETS;
  if (buffer.length <= end + EXPIRY_OCTETS + AES_128_GCM.tagOctets) return undefined;
  if (buffer.length > end + EXPIRY_OCTETS + MAXIMUM_PTID_OCTETS + AES_128_GCM.tagOctets) return undefined;
  const nafId = NafId.fromBytes(buffer.subarray(nafOffset + 1, end));
  if (nafId === undefined) return undefined;
  const header = {
    mode,
    rand: buffer.subarray(RAND_OFFSET, AUTN_OFFSET),
    autn: buffer.subarray(AUTN_OFFSET, LABEL_OFFSET),
    applicationLabel: buffer.subarray(LABEL_OFFSET + 1, nafOffset),
    nafId,
  };
  return { header, clear: buffer.subarray(0, end), sealed: buffer.subarray(end) };
}

function parseBody(body: Buffer): GpiBody | undefined {
  const name = body.subarray(EXPIRY_OCTETS);
  const ptid = name.toString('utf8');
  // Octets that are no UTF-8 would come back as others.
  if (!Buffer.from(ptid, 'utf8').equals(name)) return undefined;
  return { ptid, expiresAt: body.readUInt32BE(0) * 1000 };
}

/** One AKA run makes one GPI, so key and nonce are used once (RFC 5869; RAND is the salt). */
function keysOf({ key }: GpiProtection, rand: Uint8Array): { key: Buffer; nonce: Buffer } {
  requireOctets('the protection key', key.length === 32);
  const octets = Buffer.from(hkdfSync('sha256', key, rand, 'osgate gpi 1', AES_128_GCM.keyOctets + NONCE_OCTETS));
  return { key: octets.subarray(0, AES_128_GCM.keyOctets), nonce: octets.subarray(AES_128_GCM.keyOctets) };
}

function requireOctets(what: string, fits: boolean): void {
  if (!fits) throw new PushError('OSGATE_PUSH_INVALID_ARGUMENT', `${what} does not fit into a GPI`);
}
