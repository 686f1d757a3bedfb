export interface Refusal {
  readonly why: string;
  /** Who takes it all the same, by file: K for Kamailio, D for drachtio-srf, S for sip.js. */
  readonly takenBy: Readonly<Record<string, string>>;
}

/** Where osgate refuses what another reader takes, by the reason. */
export const TAKEN_BY_OTHERS: readonly Refusal[] = [
  {
    why: 'malformed-contact: They leave Contact alone until somebody asks for it; there it is a guess, or a crash (lesson 28).',
    takenBy: {
      'grown/contact-empty-brackets.dat': 'KD',
      'grown/contact-empty.dat': 'KD',
      'grown/contact-no-scheme.dat': 'KD',
      'grown/contact-none.dat': 'KD',
      'grown/contact-open-bracket.dat': 'KD',
      'grown/contact-open-quote.dat': 'KD',
      'grown/contact-star-and-address.dat': 'KD',
      'grown/contact-trailing-comma.dat': 'KD',
      'rfc4475/TC_REGBADCT_I.dat': 'KD',
    },
  },
  {
    why: 'malformed-from-or-to: They look for the tag and for what may be a URI and pass over the rest, each in its own way; osgate wants the whole value to be an address.',
    takenBy: {
      'grown/from-comma-second.dat': 'KD',
      'grown/from-empty.dat': 'K',
      'grown/from-no-break-space.dat': 'KDS',
      'grown/from-parameter-two-equals.dat': 'KD',
      'grown/from-spaced-brackets.dat': 'KD',
      'grown/from-star.dat': 'KD',
      'grown/from-tag-at.dat': 'KD',
      'grown/from-tag-empty.dat': 'KD',
      'grown/from-tag-twice.dat': 'KDS',
      'grown/from-two-readings.dat': 'KD',
      'grown/from-uri-backslash.dat': 'KD',
      'grown/tag-no-break-space.dat': 'KD',
      'grown/to-none.dat': 'KD',
      'rfc4475/TC_BADASPEC_I.dat': 'KD',
      'rfc4475/TC_QUOTBAL_I.dat': 'D',
    },
  },
  {
    why: 'malformed-via: They read as much of Via as they need, or fall back to the matching of RFC 2543.',
    takenBy: {
      'grown/via-branch-without-value.dat': 'DS',
      'grown/via-empty-value.dat': 'KD',
      'grown/via-flag-before-comma.dat': 'KDS',
      'grown/via-quoted-comma.dat': 'DS',
      'grown/via-second-malformed.dat': 'DS',
      'rfc4475/TC_BADBRANCH_V.dat': 'KDS',
      'rfc4475/TC_BADINV01_I.dat': 'D',
    },
  },
  {
    why: 'unsupported-version: They do not look at the version, or not at all of it.',
    takenBy: {
      'rfc4475/TC_BADVERS_V.dat': 'DS',
    },
  },
  {
    why: 'malformed-start-line: They take white space, a tab, LF for CR LF, a star or a large status in the start line, or pass over what precedes it.',
    takenBy: {
      'grown/leading-lf.dat': 'K',
      'grown/only-lf.dat': 'K',
      'grown/star-uri.dat': 'KD',
      'grown/uri-tab.dat': 'KD',
      'rfc4475/TC_BIGCODE_V.dat': 'D',
      'rfc4475/TC_TRWS_I.dat': 'KD',
    },
  },
  {
    why: 'truncated: They do without the empty line that ends the header.',
    takenBy: {
      'rfc4475/TC_BADDN_I.dat': 'K',
    },
  },
  {
    why: 'content-length-mismatch: They take what there is for the body, however much Content-Length promises.',
    takenBy: {
      'grown/content-length-2-31-less-1.dat': 'KDS',
      'rfc4475/TC_CLERR_I.dat': 'KDS',
    },
  },
  {
    why: 'malformed-content-length: They read as many digits as they can, or ignore the field, or take the rest of the datagram in any case.',
    takenBy: {
      'grown/content-length-2-31.dat': 'KDS',
      'grown/content-length-2-32-and-32.dat': 'KDS',
      'grown/content-length-2-64-and-5.dat': 'KDS',
      'grown/content-length-comma.dat': 'KD',
      'grown/content-length-empty.dat': 'KD',
      'grown/content-length-hexadecimal.dat': 'KD',
      'grown/content-length-inner-space.dat': 'KD',
      'grown/content-length-plus.dat': 'KD',
      'rfc4475/TC_NCL_I.dat': 'KD',
    },
  },
  {
    why: 'duplicate-header: They take the first of two fields, or the last, or join both: which one, no two agree.',
    takenBy: {
      'grown/content-length-twice-equal.dat': 'KDS',
      'grown/from-compact-twice.dat': 'KDS',
      'rfc4475/TC_MCL01_I.dat': 'KDS',
      'rfc4475/TC_MULTI01_I.dat': 'DS',
    },
  },
  {
    why: 'cseq-method-mismatch: They do not compare the method with that of CSeq.',
    takenBy: {
      'grown/ack-malformed.dat': 'KDS',
      'grown/cseq-lower-case-method.dat': 'KDS',
      'rfc4475/TC_MISMATCH01_V.dat': 'KDS',
      'rfc4475/TC_MISMATCH02_V.dat': 'KDS',
    },
  },
  {
    why: 'malformed-cseq: They do not bound the number of CSeq, or pass over what follows its method.',
    takenBy: {
      'grown/cseq-2-31.dat': 'KDS',
      'grown/cseq-no-break-space.dat': 'KD',
      'grown/cseq-three-words.dat': 'D',
      'rfc4475/TC_SCALAR02_V.dat': 'KDS',
      'rfc4475/TC_SCALARLG_V.dat': 'KDS',
    },
  },
  {
    why: 'malformed-call-id: They take any Call-ID, an empty one and one of several words.',
    takenBy: {
      'grown/call-id-empty.dat': 'KD',
      'grown/call-id-no-break-space.dat': 'KDS',
      'grown/call-id-spaces.dat': 'KD',
    },
  },
  {
    why: 'malformed-max-forwards: They read Max-Forwards only when they count hops.',
    takenBy: {
      'grown/max-forwards-256.dat': 'KDS',
      'grown/max-forwards-negative.dat': 'KD',
    },
  },
  {
    why: 'malformed-header-name: They take any octets for a name, or undo escapes in it: the field is unknown to one and an identity to another.',
    takenBy: {
      'grown/fold-before-colon.dat': 'KDS',
      'grown/from-escaped-name.dat': 'KDS',
      'grown/identity-escaped-name.dat': 'KDS',
      'grown/identity-name-inner-space.dat': 'KS',
      'grown/identity-name-nbsp.dat': 'KDS',
    },
  },
  {
    why: 'malformed-header-line: They take a folded line at odd places for a part of what is above it, or for an unknown field.',
    takenBy: {
      'grown/folded-blank-line.dat': 'KDS',
      'grown/folded-first-line.dat': 'DS',
    },
  },
  {
    why: 'control-character: They take control characters as any other, and find no header, or another one, behind them.',
    takenBy: {
      'grown/identity-after-nul.dat': 'KDS',
      'grown/identity-name-vertical-tab.dat': 'KDS',
      'grown/to-before-colon-nul.dat': 'KDS',
    },
  },
  {
    why: 'bare-line-break: They take CR or LF alone for a line break, or for nothing: one field to one is two to another.',
    takenBy: {
      'grown/header-ended-by-lf.dat': 'KDS',
      'grown/injected-by-cr.dat': 'KDS',
      'grown/injected-by-lf.dat': 'KDS',
    },
  },
  {
    why: 'too-many-headers: They have no bound on header fields.',
    takenBy: {
      'grown/too-many-headers.dat': 'KDS',
    },
  },
];
