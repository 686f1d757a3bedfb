import type { TortureCase } from './case.ts';

type Row = readonly [file: string, clause: string, says: string, expected: string];

const ROWS: readonly Row[] = [
  ['ipv6-good', '4.1', 'Valid IPv6 references', 'forwarded'],
  ['ipv6-bad', '4.2', 'An IPv6 address without brackets in the Request-URI: 400', 'answered 400'],
  ['port-ambiguous', '4.3', 'Valid: what looks like a port within the brackets is part of the address', 'forwarded'],
  ['port-unambiguous', '4.4', 'Valid: the port stands behind the brackets', 'forwarded'],
  ['via-received-param-with-delim', '4.5', 'received with brackets, which the grammar lacks: taken', 'forwarded'],
  ['via-received-param-no-delim', '4.5', 'received without brackets', 'forwarded'],
  ['ipv6-in-sdp', '4.6', 'IPv6 addresses in the body', 'forwarded'],
  ['mult-ip-in-header', '4.7', 'Via fields of both families', 'forwarded'],
  ['mult-ip-in-sdp', '4.8', 'Media addresses of both families', 'forwarded'],
  ['ipv4-mapped-ipv6', '4.9', 'IPv4-mapped IPv6 addresses', 'forwarded'],
  [
    'ipv6-bug-abnf-3-colons',
    '4.10',
    'Three colons before an embedded IPv4 address, an error of the old grammar: taken',
    'forwarded',
  ],
  ['ipv6-correct-abnf-2-colons', '4.10', 'Two colons, as it should be', 'forwarded'],
];

/** The messages of RFC 5118, written after its section 4. */
export const RFC5118_CASES: readonly TortureCase[] = ROWS.map(([name, clause, says, expected]) => ({
  file: `rfc5118/${name}.dat`,
  clause: `RFC 5118 ${clause}`,
  says,
  expected,
}));
