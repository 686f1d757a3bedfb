import { debianVersion } from './build.ts';
import type { Case, Table } from './case.ts';
import type { DtlsPeer } from './peer.ts';
import type { Direction } from './session.ts';

/** What came of a case: of those that were not run in this run nothing is known, and nothing changes. */
export type Outcome = 'works' | 'FAILS';

export interface PageContent {
  readonly peers: readonly DtlsPeer[];
  readonly cases: readonly Case[];
  readonly outcomeOf: (one: Case) => Outcome;
  readonly own: readonly { readonly title: string; readonly outcome: Outcome }[];
}

/** Debian packages whose version the page names; without the part that security updates change. */
const PACKAGES = {
  OpenSSL: 'openssl',
  GnuTLS: 'gnutls-bin',
  mbedTLS: 'libmbedtls-dev',
  wolfSSL: 'libwolfssl-dev',
  Pion: 'golang-github-pion-dtls.v2-dev',
  tshark: 'tshark',
} as const;

const HEADINGS: Readonly<Record<Table, string>> = {
  suites: 'Cipher suites',
  features: 'Features',
  network: 'Over a bad network',
};

/** docs/dtls-interop.md. */
export async function interopPage(content: PageContent): Promise<string> {
  const reasons: string[] = [];
  const tables = (['suites', 'features', 'network'] as const).map(
    (table) => `## ${HEADINGS[table]}\n\n${tableOf(table, content, reasons)}\n`,
  );
  const versions = await Promise.all(
    Object.entries(PACKAGES).map(async ([name, debianPackage]) => {
      const version = /^(?:\d+:)?(\d+\.\d+)/.exec(await debianVersion(debianPackage))?.[1] ?? '';
      return `${name} ${version}`;
    }),
  );
  return `<!-- Made by test/interop/dtls/matrix.test.ts with OSGATE_WRITE_PAGES=1; do not edit. -->

# DTLS with others

Every cell is a session between osgate and a foreign implementation, had in this form in every run of \`npm test\`: handshake with
cookie, several lines there and back, what both ends say of it compared, and a close_notify (but over a bad network, which may
lose it). Such a network does what it does by seed, and loses no more than three datagrams in a row in one direction. The versions are those of Debian 12: ${versions.join(', ')}; and node-dtls-client 2.0 of npm.

*client* means that the peer was the client and osgate the server, *server* the other way round. A number stands for a reason
why it cannot be, all of which are listed at the end.

${tables.join('\n')}
## Connection ids, and what tshark reads

No peer of Debian 12 has RFC 9146: OpenSSL, GnuTLS and Pion 2.2 do not know it, and mbedTLS and wolfSSL are built without it for DTLS
1.2. So osgate talks to itself here.

| What is exercised | Result |
|---|---|
${content.own.map(({ title, outcome }) => `| ${title} | ${outcome} |`).join('\n')}

## Why something cannot be

${reasons.map((reason, index) => `${index + 1}. ${reason}`).join('\n')}
`;
}

function tableOf(table: Table, { peers, cases, outcomeOf }: PageContent, reasons: string[]): string {
  const ours = cases.filter((one) => one.table === table);
  const rows = [...new Set(ours.map(({ row }) => row))].map((row) => {
    const cells = peers.map((peer) => {
      const both = ours.filter((one) => one.row === row && one.peer === peer);
      return cellOf(both, outcomeOf, reasons);
    });
    return `| ${[row.startsWith('TLS_') ? `\`${row}\`` : row, ...cells].join(' | ')} |`;
  });
  return [`| | ${peers.map(({ name }) => name).join(' | ')} |`, `|---|${'---|'.repeat(peers.length)}`, ...rows].join(
    '\n',
  );
}

function cellOf(cases: readonly Case[], outcomeOf: PageContent['outcomeOf'], reasons: string[]): string {
  const said = cases.map((one) => {
    const role = roleOf(one.direction);
    if ('cannot' in one.plan) return `${role} ${numberOf(one.plan.cannot, reasons)}`;
    return outcomeOf(one) === 'works' ? role : `${role} FAILS`;
  });
  const [first = '', second] = said;
  if (second === undefined) return first;
  if (first.startsWith('client ') && first.slice(7) === second.slice(7) && second.startsWith('server '))
    return first.slice(7);
  return said.join(', ');
}

function roleOf(direction: Direction): string {
  return direction === 'to osgate' ? 'client' : 'server';
}

function numberOf(reason: string, reasons: string[]): string {
  if (!reasons.includes(reason)) reasons.push(reason);
  return `(${reasons.indexOf(reason) + 1})`;
}
