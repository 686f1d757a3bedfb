import { beginMessage, endMessage } from './handshake-message.ts';
import { HANDSHAKE_TYPE } from './handshake-type.ts';

export function writeFinished(verifyData: Buffer, sequence: number): Buffer {
  return endMessage(beginMessage().bytes(verifyData), HANDSHAKE_TYPE.finished, sequence);
}

export function writeServerHelloDone(sequence: number): Buffer {
  return endMessage(beginMessage(), HANDSHAKE_TYPE.serverHelloDone, sequence);
}
