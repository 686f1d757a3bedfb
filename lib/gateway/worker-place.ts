import type { GatewaySecrets } from './secrets.ts';

/** What a gateway that is one of several workers gets from its supervisor. */
export interface WorkerPlace {
  /** From 0. */
  readonly slot: number;
  /** How many workers there are. */
  readonly workers: number;
  readonly secrets: GatewaySecrets;
  /** File descriptors of bound sockets, one for each listener of `gateway.sec1.sip` and then of `gateway.sec1.datagram`. */
  readonly descriptors: readonly number[];
  /** The folder of the relay's sockets (workers/worker-relay.ts). */
  readonly relayFolder: string;
}
