import { beginMessage, endMessage } from './handshake-message.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

/** Octets of verify_data in every suite of DTLS 1.2 that is supported (RFC 5246 7.4.9). */
export const VERIFY_DATA_OCTETS = 12;

export function writeFinished(verifyData: Buffer, sequence: number): Buffer {
  return endMessage(beginMessage().bytes(verifyData), HANDSHAKE_TYPE.finished, sequence);
}

export function writeServerHelloDone(sequence: number): Buffer {
  return endMessage(beginMessage(), HANDSHAKE_TYPE.serverHelloDone, sequence);
}
