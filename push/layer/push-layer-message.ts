import { pushCipherSuite, type PushCipherSuite } from './cipher-suites.ts';
import type { SecurityAssociationId } from './security-association-id.ts';

/** A message of the push layer (TS 33.224), before it was opened. Nothing in it is proven yet. */
export interface PushLayerMessage {
  readonly suite: PushCipherSuite;
  readonly association: SecurityAssociationId;
  /** SN: 0 to 2^32 - 1. */
  readonly sequenceNumber: number;
  /** All octets before {@link PushLayerMessage.sealed}. */
  readonly header: Buffer;
  readonly sealed: Buffer;
}

/** docs/gpi.md, push layer version 1. */
const VERSION = 1;
const DOWNLINK = 0;
const UPLINK = 1;
const RAND_OCTETS = 16;
const SEQUENCE_OCTETS = 4;
const NAME_OFFSET = 3;

/** Everything of a message but the sealed part. Names are 1 to 255 octets, as {@link SecurityAssociationId} has them. */
export function formatPushLayerHeader(
  suite: PushCipherSuite,
  association: SecurityAssociationId,
  sequenceNumber: number,
): Buffer {
  const sequence = Buffer.alloc(SEQUENCE_OCTETS);
  sequence.writeUInt32BE(sequenceNumber);
  if (association.direction === 'downlink') {
    const naf = Buffer.from(association.naf, 'latin1');
    return Buffer.concat([Buffer.of(VERSION, suite.id, DOWNLINK, naf.length), naf, association.rand, sequence]);
  }
  const ptid = Buffer.from(association.ptid, 'utf8');
  return Buffer.concat([Buffer.of(VERSION, suite.id, UPLINK, ptid.length), ptid, sequence]);
}

/** Undefined for what is no message of a version and suite that we know. */
export function parsePushLayerMessage(octets: Uint8Array): PushLayerMessage | undefined {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
  const suite = pushCipherSuite(buffer[1]);
  const direction = buffer[2];
  const nameOctets = buffer[NAME_OFFSET];
  if (buffer[0] !== VERSION || suite === undefined || nameOctets === undefined || nameOctets === 0) return undefined;
  if (direction !== DOWNLINK && direction !== UPLINK) return undefined;
  const nameEnd = NAME_OFFSET + 1 + nameOctets;
  const randEnd = direction === DOWNLINK ? nameEnd + RAND_OCTETS : nameEnd;
  const headerEnd = randEnd + SEQUENCE_OCTETS;
  if (buffer.length < headerEnd + suite.tagOctets) return undefined;
  const name = buffer.subarray(NAME_OFFSET + 1, nameEnd);
  const association: SecurityAssociationId =
    direction === DOWNLINK
      ? { direction: 'downlink', rand: buffer.subarray(nameEnd, randEnd), naf: name.toString('latin1') }
      : { direction: 'uplink', ptid: name.toString('utf8') };
  return {
    suite,
    association,
    sequenceNumber: buffer.readUInt32BE(randEnd),
    header: buffer.subarray(0, headerEnd),
    sealed: buffer.subarray(headerEnd),
  };
}
