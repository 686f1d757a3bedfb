import type { Peer } from '../../../sip/index.ts';
import type { DtlsConfig } from '../../config/index.ts';
import type { ChannelEvents } from '../../sec1/index.ts';

/** The keys behind DTLS that all workers, and the process after a restart, have in common; 32 octets each. */
export interface DtlsSecrets {
  /** Hides the number of the worker in connection ids. */
  readonly connectionIds: Buffer;
  /** Seals tickets, of each listener under a key of its own. */
  readonly tickets: Buffer;
  /** Seals associations that are handed over. */
  readonly handover: Buffer;
}

/** What every DTLS listener is opened with. */
export interface DtlsParts {
  readonly config: DtlsConfig;
  readonly secrets: DtlsSecrets;
  /** The number of this process among the workers. */
  readonly worker: number;
  readonly events: ChannelEvents;
  readonly keyLog: ((line: string) => void) | undefined;
  /** Takes a datagram of a listener to the worker whose connection id it has. */
  readonly handOver: ((listener: string, worker: number, datagram: Buffer, peer: Peer) => void) | undefined;
}
