import type { TortureCase } from './case.ts';

type Row = readonly [file: string, clause: string, says: string, expected: string];

// A response is tried twice: as it stands, when it answers nothing that the proxy sent, and as the answer to a request of it.
const ROWS: readonly Row[] = [
  ['WSINV', '3.1.1.1', 'Valid, white space and folding everywhere', 'forwarded'],
  ['INTMETH', '3.1.1.2', 'Valid, the widest range of characters; quoted control characters', 'forwarded'],
  ['ESC01', '3.1.1.3', 'Valid, escapes in URIs; they are not undone', 'forwarded'],
  ['ESCNULL', '3.1.1.4', 'Valid, escaped nulls in URIs', 'forwarded'],
  ['ESC02', '3.1.1.5', 'Valid; % in a method or a header name is no escape: neither REGISTER nor Contact', 'forwarded'],
  ['LWSDISP', '3.1.1.6', 'Valid, no space between display name and bracket', 'forwarded'],
  ['LONGREQ', '3.1.1.7', 'Valid, long values and 34 Via fields', 'forwarded'],
  ['DBLREQ', '3.1.1.8', 'Valid, octets behind the body are no part of it', 'forwarded'],
  ['SEMIURI', '3.1.1.9', 'Valid, a semicolon in the user part', 'forwarded'],
  ['TRANSPORTS', '3.1.1.10', 'Valid, Via fields of many transports, one unknown', 'forwarded'],
  ['MPART01', '3.1.1.11', 'Valid, a multipart body with binary octets', 'forwarded'],
  [
    'UNREASON',
    '3.1.1.12',
    'Valid response, any characters in its phrase',
    'dropped (foreign-response); as an answer passed on',
  ],
  [
    'NOREASON',
    '3.1.1.13',
    'Valid response, an empty phrase; 100 goes no further',
    'dropped (foreign-response); as an answer absorbed',
  ],
  ['BADINV01', '3.1.2.1', 'Extra separators in Via and Contact: 400', 'answered 400 (malformed-via)'],
  ['CLERR', '3.1.2.2', 'Content-Length beyond the datagram: 400', 'answered 400 (content-length-mismatch)'],
  ['NCL', '3.1.2.3', 'Negative Content-Length: 400', 'answered 400 (malformed-content-length)'],
  ['SCALAR02', '3.1.2.4', 'Numbers out of range, CSeq above all: 400', 'answered 400 (malformed-cseq)'],
  [
    'SCALARLG',
    '3.1.2.5',
    'The same in a response: discarded',
    'dropped (malformed-cseq); as an answer dropped (malformed-cseq)',
  ],
  ['QUOTBAL', '3.1.2.6', 'Unterminated quoted-string: 400', 'answered 400 (malformed-from-or-to)'],
  ['LTGTRURI', '3.1.2.7', 'Angle brackets round the Request-URI: 400, or be liberal', 'answered 400'],
  [
    'LWSRURI',
    '3.1.2.8',
    'White space within the Request-URI: 400, or be liberal',
    'answered 400 (malformed-start-line)',
  ],
  ['LWSSTART', '3.1.2.9', 'Two spaces in the start line: 400, or be liberal', 'answered 400 (malformed-start-line)'],
  ['TRWS', '3.1.2.10', 'Spaces behind the start line: 400, or be liberal', 'answered 400 (malformed-start-line)'],
  [
    'ESCRURI',
    '3.1.2.11',
    'Header fields in the Request-URI: 400, or leave them out; never forward them',
    'answered 400',
  ],
  ['BADDATE', '3.1.2.12', 'Date not in GMT: 400, or ignore it; to a proxy it is nothing', 'forwarded'],
  ['REGBADCT', '3.1.2.13', 'A question mark in a Contact without brackets: 400', 'answered 400 (malformed-contact)'],
  ['BADASPEC', '3.1.2.14', 'Spaces within angle brackets: 400, or be liberal', 'answered 400 (malformed-from-or-to)'],
  [
    'BADDN',
    '3.1.2.15',
    'A display name that is not tokens: 400, or be liberal (the file also ends too early)',
    'answered 400 (truncated)',
  ],
  ['BADVERS', '3.1.2.16', 'SIP/7.0: 505', 'answered 505'],
  ['MISMATCH01', '3.1.2.17', 'Method and CSeq differ: 400', 'answered 400 (cseq-method-mismatch)'],
  ['MISMATCH02', '3.1.2.18', 'The same with an unknown method: 400 or 501', 'answered 400 (cseq-method-mismatch)'],
  [
    'BIGCODE',
    '3.1.2.19',
    'A status beyond 699: discarded',
    'dropped (malformed-start-line); as an answer dropped (malformed-start-line)',
  ],
  [
    'BADBRANCH',
    '3.2.1',
    'A branch that is only the cookie: 400 without state, or matching as in RFC 2543',
    'answered 400 (malformed-via)',
  ],
  ['INSUF', '3.3.1', 'No Call-ID, From, To: 400 ideally', 'answered 400 (missing-header)'],
  ['UNKSCM', '3.3.2', 'Unknown scheme in the Request-URI: 416', 'answered 416'],
  ['NOVELSC', '3.3.3', 'Known but senseless scheme in the Request-URI: 416', 'answered 416'],
  ['UNKSM2', '3.3.4', 'Unknown schemes in To, From, Contact: a proxy does not mind', 'forwarded'],
  ['BEXT01', '3.3.5', 'Unknown extension in Proxy-Require: 420 with Unsupported', 'answered 420'],
  ['INVUT', '3.3.6', 'Unknown Content-Type: for the user agent (415) to refuse', 'forwarded'],
  ['REGAUT01', '3.3.7', 'Unknown authentication scheme: for the registrar to challenge', 'forwarded'],
  ['MULTI01', '3.3.8', 'Two of what may stand once: 400', 'answered 400 (duplicate-header)'],
  ['MCL01', '3.3.9', 'Two Content-Length: 400', 'answered 400 (duplicate-header)'],
  [
    'BCAST',
    '3.3.10',
    'A broadcast address in the second Via of a response: never sent there',
    'dropped (foreign-response); as an answer passed on',
  ],
  ['ZEROMF', '3.3.11', 'Max-Forwards 0: 483', 'answered 483'],
  ['CPARAM01', '3.3.12', 'Unknown parameter of Contact', 'forwarded'],
  ['CPARAM02', '3.3.13', 'Unknown parameter of the URI in Contact', 'forwarded'],
  ['REGESCRT', '3.3.14', 'Header fields in the URI in Contact', 'forwarded'],
  ['SDP01', '3.3.15', 'Accept without application/sdp: for the user agent (406) to refuse', 'forwarded'],
  ['INV2543', '3.4.1', 'An INVITE of RFC 2543, without branch, tag and Max-Forwards', 'forwarded'],
  [
    'TEST',
    '-',
    'No version, CSeq or Via, and a line that is no header (not in the text of the RFC)',
    'dropped (malformed-start-line)',
  ],
];

const NEITHER = new Set(['DBLREQ', 'INTMETH', 'MPART01', 'WSINV']);

const INVALID = new Set(
  'BADASPEC BADDN BADINV01 CLERR INSUF INV2543 LTGTRURI LWSRURI MCL01 MULTI01 NCL QUOTBAL REGBADCT TEST TRWS'.split(
    ' ',
  ),
);

/** The 49 messages of RFC 4475, and one more that came with them. */
export const RFC4475_CASES: readonly TortureCase[] = ROWS.map(([name, clause, says, expected]) => ({
  file: `rfc4475/${fileName(name)}`,
  clause: `RFC 4475 ${clause}`,
  says,
  expected,
}));

/** The files keep the names of the archive, which ends most of them in V for valid or I for invalid. */
function fileName(name: string): string {
  if (NEITHER.has(name)) return `TC_${name}.dat`;
  return `TC_${name}_${INVALID.has(name) ? 'I' : 'V'}.dat`;
}
