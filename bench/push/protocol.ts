/** What the process with the agents is told, and what it says. */
export interface AgentsOrder {
  readonly port: number;
  /** How many agents, the first of them subscriber 0. */
  readonly count: number;
}

export type AgentsReport =
  | { readonly event: 'ready' }
  /** Milliseconds from hand-in to application, for each push since the last report. */
  | { readonly event: 'report'; readonly latencies: readonly number[]; readonly duplicates: number };

export const GATEWAY_FQDN = 'osg.example.com';

/** The key by which an agent's DTLS association is authenticated. */
export const PSK = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** Milliseconds since 1970 with fractions, the same in every process of the machine. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
