import { TAKEN_BY_OTHERS } from './taken-by-others.ts';

/** A way in which a reader disagrees with osgate, and why. */
export interface Explanation {
  /** Of the message as it came in, as the proxy core forwards it, or with the identity that the edge puts on top. */
  readonly side: 'came' | 'went' | 'asserted';
  readonly reader: string;
  /** What differs, as `differences` names it. */
  readonly differs: string;
  readonly files: readonly string[];
  readonly why: string;
}

const KAMAILIO = 'Kamailio 5.6';
const DRACHTIO = 'drachtio-srf';
const SIP_JS = 'sip.js';

/** The same disagreement over the message as it came and as it went. */
function both(reader: string, differs: string, files: readonly string[], why: string): Explanation[] {
  return (['came', 'went'] as const).map((side) => ({ side, reader, differs, files, why }));
}

/** Where both take the message and read it in different ways, or where only osgate takes it. */
const READ_OTHERWISE: readonly Explanation[] = [
  {
    side: 'came',
    reader: KAMAILIO,
    differs: 'bodyLength',
    files: ['rfc4475/TC_DBLREQ.dat', 'grown/second-message-behind-body.dat'],
    why: 'It takes the rest of the datagram for the body whatever Content-Length says (RFC 3261 18.3); osgate cuts it off, so that it gets no chance to.',
  },
  {
    side: 'came',
    reader: KAMAILIO,
    differs: 'verdict',
    files: ['rfc4475/TC_WSINV.dat'],
    why: 'It knows no line break within CSeq; as osgate writes it, on one line, it takes it.',
  },
  ...[KAMAILIO, SIP_JS].map((reader) => ({
    side: 'came' as const,
    reader,
    differs: 'uri',
    files: ['rfc4475/TC_NOVELSC_V.dat', 'rfc4475/TC_UNKSCM_V.dat'],
    why: 'It reads no URI of a scheme that it does not know; osgate does and answers 416.',
  })),
  ...both(
    KAMAILIO,
    'verdict',
    ['grown/via-dtls-udp.dat'],
    'It stumbles over a transport that begins with a letter that UDP, TCP, TLS or SCTP have further on, as DTLS-UDP does, and takes no message whose first two Via have one.',
  ),
  ...both(
    KAMAILIO,
    'bodyLength',
    ['grown/via-dtls-udp-at-the-end.dat', 'grown/name-odd-characters.dat'],
    "It reads no field behind such a Via, or behind a name with any of !%*`', and so not that there is a body.",
  ),
  {
    side: 'asserted',
    reader: KAMAILIO,
    differs: 'identityUri',
    files: ['grown/via-dtls-udp-at-the-end.dat'],
    why: 'It looks for P-Asserted-Identity in all fields or in none, and there is one that it stumbles over. What sees no identity must take it for none, and not for a reason to believe From.',
  },
  ...[KAMAILIO, DRACHTIO, SIP_JS].map((reader) => ({
    side: 'went' as const,
    reader,
    differs: 'uri',
    files: ['rfc4475/TC_MPART01.dat'],
    why: 'Its top Route has no lr and so names a strict router, for which the Request-URI and the end of Route change places (RFC 3261 16.6 step 6).',
  })),
  ...both(
    DRACHTIO,
    'kind,cseq',
    ['rfc4475/TC_ESC02_V.dat'],
    'It undoes escapes in a method, against RFC 4475 3.1.1.5: a target that runs on it should be given the methods that it is meant for by name.',
  ),
  {
    side: 'came',
    reader: DRACHTIO,
    differs: 'uri',
    files: [
      'rfc4475/TC_LTGTRURI_I.dat',
      'rfc5118/ipv6-bad.dat',
      'grown/uri-port-too-large.dat',
      'grown/uri-quoted.dat',
      'grown/uri-two-at.dat',
    ],
    why: 'It keeps a Request-URI that is none as it is; osgate answers 400.',
  },
  {
    side: 'came',
    reader: SIP_JS,
    differs: 'uri',
    files: ['grown/uri-port-too-large.dat'],
    why: 'It takes a port of any size; osgate answers 400.',
  },
  {
    side: 'came',
    reader: SIP_JS,
    differs: 'verdict',
    files: ['rfc4475/TC_LTGTRURI_I.dat', 'grown/uri-quoted.dat', 'grown/uri-two-at.dat'],
    why: 'Both refuse it: sip.js takes it for no message, osgate reads enough to answer 400.',
  },
  ...both(
    SIP_JS,
    'uri',
    ['rfc4475/TC_ESC01_V.dat', 'rfc4475/TC_INTMETH.dat', 'rfc4475/TC_SEMIURI_V.dat'],
    'It undoes the escapes of the user part and, when asked for the URI, escapes what it would escape itself: another spelling of the same user.',
  ),
  ...both(SIP_JS, 'verdict', ['rfc4475/TC_UNKSM2_V.dat'], 'It knows no From with a URI of another scheme.'),
  ...both(
    SIP_JS,
    'verdict',
    ['rfc5118/ipv6-bug-abnf-3-colons.dat'],
    'It does not tolerate the three colons that RFC 5118 4.10 asks to tolerate.',
  ),
  ...both(SIP_JS, 'verdict', ['grown/contact-star.dat'], 'It is no registrar: it knows no Contact that is a star.'),
  ...[DRACHTIO, SIP_JS].map((reader) => ({
    side: 'came' as const,
    reader,
    differs: 'verdict',
    files: ['grown/leading-line-breaks.dat'],
    why: 'It takes no line breaks before the start line (RFC 3261 7.5); osgate leaves them out.',
  })),
  {
    side: 'came',
    reader: DRACHTIO,
    differs: 'verdict',
    files: ['grown/version-lower-case.dat'],
    why: 'It compares the version with regard to case; osgate writes it in upper case.',
  },
];

const LETTERS: readonly (readonly [letter: string, reader: string])[] = [
  ['K', KAMAILIO],
  ['D', DRACHTIO],
  ['S', SIP_JS],
];

/** Every disagreement of the corpus. A test holds it against what the readers really say, in both directions. */
export const EXPLANATIONS: readonly Explanation[] = [
  ...READ_OTHERWISE,
  ...TAKEN_BY_OTHERS.flatMap(({ why, takenBy }) =>
    LETTERS.flatMap(([letter, reader]) => {
      const files = Object.keys(takenBy).filter((file) => takenBy[file]?.includes(letter) === true);
      return files.length === 0 ? [] : [{ side: 'came' as const, reader, differs: 'verdict', files, why }];
    }),
  ),
];
