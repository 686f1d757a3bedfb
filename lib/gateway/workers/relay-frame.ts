import type { Peer } from '../../../sip/index.ts';

/**
 * What one worker hands another: a datagram that came in for it, the same with the wish to be told when it is dealt with,
 * a datagram that has to leave by a transport of its own, and what parts of theirs have to tell each other.
 */
export const RELAY_KINDS = ['received', 'received-in-order', 'send', 'message'] as const;

export type RelayKind = (typeof RELAY_KINDS)[number];

export interface RelayFrame {
  readonly kind: RelayKind;
  /** The place of the listener in `gateway.sec1.sip`. */
  readonly listener: number;
  readonly peer: Peer;
  readonly datagram: Buffer;
}

/** Length of what follows (4), kind (1), listener (1), port (2), length of the address (1), address, datagram. */
const FIXED_OCTETS = 5;
const LENGTH_OCTETS = 4;

/** The largest datagram with the longest address: more is no frame of ours. */
const LARGEST_FRAME = FIXED_OCTETS + 255 + 65_535;

export function encodeFrame(kind: RelayKind, listener: number, peer: Peer, datagram: Buffer): Buffer {
  const { address } = peer;
  const length = FIXED_OCTETS + address.length + datagram.length;
  const frame = Buffer.allocUnsafe(LENGTH_OCTETS + length);
  frame.writeUInt32BE(length, 0);
  frame[4] = RELAY_KINDS.indexOf(kind);
  frame[5] = listener;
  frame.writeUInt16BE(peer.port, 6);
  frame[8] = address.length;
  frame.write(address, 9, 'latin1');
  datagram.copy(frame, 9 + address.length);
  return frame;
}

/** Takes a byte stream apart into frames. */
export class RelayFrameReader {
  readonly #onFrame: (frame: RelayFrame) => void;
  #rest: Buffer | undefined;

  constructor(onFrame: (frame: RelayFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Gives false when the stream cannot be understood and has to be given up. */
  read(chunk: Buffer): boolean {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    while (bytes.length >= LENGTH_OCTETS) {
      const length = bytes.readUInt32BE(0);
      if (length < FIXED_OCTETS || length > LARGEST_FRAME) return false;
      const end = LENGTH_OCTETS + length;
      if (bytes.length < end) break;
      const datagram = 9 + (bytes[8] ?? 0);
      const kind = RELAY_KINDS[bytes[4] ?? RELAY_KINDS.length];
      if (datagram > end || kind === undefined) return false;
      this.#onFrame({
        kind,
        listener: bytes[5] ?? 0,
        peer: { address: bytes.toString('latin1', 9, datagram), port: bytes.readUInt16BE(6) },
        // A copy, so that one small message does not hold the whole chunk for as long as its transaction lives.
        datagram: Buffer.from(bytes.subarray(datagram, end)),
      });
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.#rest = bytes;
    return true;
  }
}
