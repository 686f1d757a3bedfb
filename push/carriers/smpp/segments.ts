import { formatUserDataHeader, type WdpPorts } from './user-data-header.ts';

/** Octets of user data in one short message (TS 23.040 9.2.3.16). */
export const SHORT_MESSAGE_OCTETS = 140;

export interface SegmentOptions {
  readonly ports: WdpPorts;
  /** The same in all segments of one message, and another one for the next message to the same device. */
  readonly reference: number;
  readonly referenceBits: 8 | 16;
  /** 1 to 255. */
  readonly maximumSegments: number;
}

/**
 * User data of the short messages that carry a datagram: each with ports in its header, and with a concatenation only when one
 * is not enough. Undefined when more than `maximumSegments` would be needed.
 */
export function formatSegments(datagram: Buffer, options: SegmentOptions): Buffer[] | undefined {
  const { ports, reference, referenceBits, maximumSegments } = options;
  const alone = formatUserDataHeader({ ports });
  if (alone.length + datagram.length <= SHORT_MESSAGE_OCTETS) return [Buffer.concat([alone, datagram])];
  const concatenation = { reference, referenceBits };
  const room =
    SHORT_MESSAGE_OCTETS -
    formatUserDataHeader({ ports, concatenation: { ...concatenation, total: 1, part: 1 } }).length;
  const total = Math.ceil(datagram.length / room);
  if (total > maximumSegments) return undefined;
  return Array.from({ length: total }, (_, index) =>
    Buffer.concat([
      formatUserDataHeader({ ports, concatenation: { ...concatenation, total, part: index + 1 } }),
      datagram.subarray(index * room, (index + 1) * room),
    ]),
  );
}
