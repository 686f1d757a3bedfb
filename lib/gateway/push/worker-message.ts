import { decode, encode } from 'msgpack-lite';

import type { CarrierResult, Recipient } from '../../../push/index.ts';
import type { Parcel } from '../../push/sip/index.ts';

/** What workers say to each other of pushes; `from` is the slot of whoever says it. */
export type WorkerPushMessage = { readonly from: number; readonly id: number } &
  /** Whether there is a flow of the recipient. */
  (
    | { readonly kind: 'find'; readonly recipient: Recipient }
    /** Milliseconds since its newest flow was heard of; null without one. */
    | { readonly kind: 'found'; readonly age: number | null }
    | { readonly kind: 'send'; readonly parcel: Parcel }
    | { readonly kind: 'sent'; readonly result: CarrierResult; readonly tryNext: boolean }
    /** A package that an agent has sent on its own. */
    | { readonly kind: 'uplink'; readonly octets: Buffer }
  );

export function encodeWorkerMessage(message: WorkerPushMessage): Buffer {
  return encode(message);
}

/** Undefined for what is no message. Only workers of the same program can write to the relay, so its fields are as they must be. */
export function decodeWorkerMessage(octets: Buffer): WorkerPushMessage | undefined {
  try {
    return decode(octets) as WorkerPushMessage;
  } catch {
    return undefined;
  }
}
