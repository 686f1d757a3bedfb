import { expect } from 'chai';

import {
  formatChallenge,
  formatCredentials,
  formatAuthenticationInfo,
  formatNameAddress,
  formatParameters,
  formatUri,
  formatVia,
  parseAuthenticationInfo,
  parseChallenge,
  parseCredentials,
  parseNameAddress,
  parseParameters,
  parseUri,
  parseVia,
  splitValues,
} from '../../../sip/index.ts';
import { tortureMessage } from '../torture/case.ts';
import { TORTURE_CASES } from '../torture/verdict.ts';
import { checkMessage, readMessage } from './check-message.ts';

/** One parser under fuzzing. Texts are Latin-1, one character an octet. */
export interface FuzzTarget {
  readonly name: string;
  /** What mutations start from. */
  readonly corpus: readonly string[];
  /** What is measured: reading, and what a server asks for of what was read. */
  readonly read: (text: string) => unknown;
  /** Throws when the parser breaks a promise. */
  readonly check: (text: string) => void;
}

const MESSAGES = TORTURE_CASES.map(({ file }) => tortureMessage(file).toString('latin1'));

/** Values of the fields whose names match, from the whole corpus. */
function values(name: RegExp): string[] {
  const found = MESSAGES.flatMap((message) =>
    message
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .filter((line) => name.test(line))
      .map((line) => line.slice(line.indexOf(':') + 1).trim()),
  );
  return [...new Set(found)];
}

const ADDRESSES = values(/^(from|to|contact|f|t|m|route|record-route)[ \t]*:/i);
const URIS = [
  ...MESSAGES.map((message) => message.split(' ')[1] ?? ''),
  ...ADDRESSES.map((value) => /<([^>]*)>/.exec(value)?.[1] ?? value),
  'sips:alice;day=tuesday:secret@[2001:db8::9:1]:5061;transport=tls;lr?subject=a&x=y',
  'tel:+1-201-555-0123;phone-context=example.com',
  'urn:service:sos',
];
const DIGESTS = [
  'Digest username="a\\"b", realm="r, x=1", nonce="n", uri="sip:b@h", response="00", algorithm=SHA-256, qop=auth, nc=0000000A, cnonce="c", opaque="o"',
  'Digest realm="3GPP-bootstrapping@naf.example.com", nonce="abc==", algorithm=SHA-256, qop="auth,auth-int", stale=true, opaque=""',
  'nextnonce="n", qop=auth, rspauth="0123456789abcdef", cnonce="c", nc=00000001',
  ...values(/authorization[ \t]*:/i),
];

/** Says the same again after it was written and read again. */
function stable<T>(parse: (text: string) => T | undefined, format: (value: T) => string): (text: string) => void {
  return (text) => {
    const first = parse(text);
    if (first === undefined) return;
    // Authentication-Info of unknown parameters only says nothing, and there is nothing to write.
    if (format(first) === '') return;
    expect(parse(format(first)), format(first)).to.deep.equal(first);
  };
}

function target<T>(
  name: string,
  corpus: readonly string[],
  parse: (text: string) => T | undefined,
  format: (value: T) => string,
): FuzzTarget {
  return { name, corpus, read: parse, check: stable(parse, format) };
}

const DIGEST_CHECKS = [
  stable(parseCredentials, formatCredentials),
  stable(parseChallenge, formatChallenge),
  stable(parseAuthenticationInfo, formatAuthenticationInfo),
];

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'parser', corpus: MESSAGES, read: readMessage, check: checkMessage },
  {
    name: 'digest',
    corpus: DIGESTS,
    read: (text) => [parseCredentials(text), parseChallenge(text), parseAuthenticationInfo(text)],
    check: (text) => {
      for (const check of DIGEST_CHECKS) check(text);
    },
  },
  target('uri', URIS, parseUri, formatUri),
  target('name-addr', ADDRESSES, parseNameAddress, formatNameAddress),
  target('via', values(/^(via|v)[ \t]*:/i), parseVia, formatVia),
  target(
    'parameters',
    [...ADDRESSES, ...URIS].map((text) => text.slice(text.indexOf(';'))),
    parseParameters,
    formatParameters,
  ),
  {
    name: 'values',
    corpus: [...ADDRESSES, ...values(/^(via|accept|x-)/i), ...DIGESTS],
    read: splitValues,
    check: (text) => {
      const first = splitValues(text);
      expect(splitValues(first.join(', '))).to.deep.equal(first);
    },
  },
];
