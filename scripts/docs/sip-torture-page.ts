import type { TortureCase } from '../../test/sip/torture/case.ts';
import { GROWN_CASES } from '../../test/sip/torture/grown-cases.ts';
import { RFC4475_CASES } from '../../test/sip/torture/rfc4475-cases.ts';
import { RFC5118_CASES } from '../../test/sip/torture/rfc5118-cases.ts';
import { tortureVerdict } from '../../test/sip/torture/verdict.ts';

/** docs/sip-torture.md; every message is put through the engine again to make it. */
export function sipTorturePage(): string {
  return `<!-- Made from the torture corpus by \`npm run docs\`; do not edit. -->

# What becomes of odd SIP messages

Each message of the corpus, put through the transaction engine and the proxy core with a server behind them that says 200 to
everything. *Forwarded* means that the server got it with its meaning intact: method, Request-URI, every header field that is
not for a proxy to change, the Via of others, and the body octet for octet; \`test/sip/torture\` proves it with a reader of
its own. *Answered* is what the sender gets, with the reason in brackets where the parser has one; *dropped* means that nothing
goes out and the reason is counted. Where a specification leaves a choice, osgate refuses what two readers could read in two ways.

A response is tried twice: as it stands, when its top Via is not the gateway's, and as the answer to a request that the gateway
forwarded. What the edge does before, such as authentication, is not part of this; see [architecture](architecture.md).

## RFC 4475

${table(RFC4475_CASES)}

## RFC 5118

The messages of section 4 for IPv6, written after what it says.

${table(RFC5118_CASES)}

## Grown from what went wrong elsewhere

${table(GROWN_CASES)}
`;
}

function table(cases: readonly TortureCase[]): string {
  const rows = cases.map(({ file, clause, says, expected }) => {
    const { verdict } = tortureVerdict(file);
    const cells = [
      `\`${file.slice(file.indexOf('/') + 1)}\``,
      clause.replace(/^RFC (4475|5118) /, ''),
      says,
      expected,
      verdict,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| File | Clause | What it is | Expected | Outcome |', '|---|---|---|---|---|', ...rows].join('\n');
}
