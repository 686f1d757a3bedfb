import { EXPLANATIONS, type Explanation } from '../../test/interop/readers/explanations.ts';

/** docs/sip-readers.md; test/interop/parsers.test.ts holds each row against the readers themselves. */
export function sipReadersPage(): string {
  return `<!-- Made from the torture corpus by \`npm run docs\`; do not edit. -->

# Where other SIP parsers disagree

What stands behind a security edge must read a message as the edge read it, or an agent can say one thing to the one and another
to the other. So every message of [the torture corpus](sip-torture.md) is read by a real Kamailio, by the parser of drachtio-srf and by that of
sip.js as well: method or status, Request-URI, From, tags, Call-ID, CSeq, P-Asserted-Identity, P-Preferred-Identity,
Remote-Party-ID and the length of the body. A disagreement that is not listed here fails the test, and so does a row that no
longer applies. *verdict* means that one of the two takes the message and the other does not.

## As osgate forwards it

This is what a server sees. No row is about an identity, a dialog or a body.

${table('went')}

## With the identity that the edge asserts

The edge removes what an agent may not claim and puts P-Asserted-Identity above all else; each reader must find it, and no other,
in every message that is forwarded.

${table('asserted')}

## As it came in

What osgate writes anew or refuses never reaches a server; these rows say why it does.

${table('came')}
`;
}

function table(side: Explanation['side']): string {
  const rows = EXPLANATIONS.filter((explanation) => explanation.side === side).map(
    ({ reader, differs, files, why }) =>
      `| ${reader} | ${differs.replaceAll(',', ', ')} | ${files.map((file) => `\`${file}\``).join(' ')} | ${why} |`,
  );
  return ['| Reader | What differs | Messages | Why |', '|---|---|---|---|', ...rows].join('\n');
}
