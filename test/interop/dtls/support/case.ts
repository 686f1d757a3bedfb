import type { DtlsPeer } from './peer.ts';
import type { Direction, SessionPlan } from './session.ts';

/** The tables of docs/dtls-interop.md. */
export type Table = 'suites' | 'features' | 'network';

/** One thing to try with one peer in one direction: a cell of a table. */
export interface Case {
  readonly table: Table;
  readonly row: string;
  readonly peer: DtlsPeer;
  readonly direction: Direction;
  /** What to try, or why the peer cannot do it. */
  readonly plan: SessionPlan | { readonly cannot: string };
}

/** What there is to try in one row, with each peer as it can. */
export interface Row {
  readonly title: string;
  /** What to try, or why it cannot be. */
  plan(peer: DtlsPeer, direction: Direction): SessionPlan | { readonly cannot: string };
}

const DIRECTIONS: readonly Direction[] = ['to osgate', 'from osgate'];

/** All cells of a table. A peer that has no server, or no client, has no case in that direction. */
export function casesOf(table: Table, rows: readonly Row[], peers: readonly DtlsPeer[]): Case[] {
  return rows.flatMap((row) =>
    peers.flatMap((peer) =>
      DIRECTIONS.filter((direction) => hasRole(peer, direction)).map((direction): Case => {
        return { table, row: row.title, peer, direction, plan: row.plan(peer, direction) };
      }),
    ),
  );
}

/** `OpenSSL to osgate`, `osgate to OpenSSL`. */
export function wayOf({ peer, direction }: Case): string {
  return direction === 'to osgate' ? `${peer.name} to osgate` : `osgate to ${peer.name}`;
}

function hasRole(peer: DtlsPeer, direction: Direction): boolean {
  return direction === 'to osgate' ? peer.connect !== undefined : peer.startServer !== undefined;
}
