import { uriEquals } from '../../../sip/index.ts';

/** What a reader makes of a message, in words that all readers share; the empty string for what is not there. */
export interface Reading {
  /** The method of a request, the status of a response. */
  readonly kind: string;
  /** The Request-URI. */
  readonly uri: string;
  readonly fromUri: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  /** Number and method. */
  readonly cseq: string;
  /** The URI of the first P-Asserted-Identity. */
  readonly identityUri: string;
  /** All values of P-Asserted-Identity. */
  readonly assertedIdentity: string;
  readonly preferredIdentity: string;
  readonly remotePartyId: string;
  /** Octets. */
  readonly bodyLength: string;
}

/** A parser of somebody's; undefined where it takes the message for none. */
export interface Reader {
  readonly name: string;
  read(message: Buffer): Promise<Reading | undefined>;
}

const URIS: ReadonlySet<keyof Reading> = new Set(['uri', 'fromUri', 'identityUri']);

/** The names of what two readings differ in; `verdict` when only one reader takes the message. */
export function differences(first: Reading | undefined, second: Reading | undefined): string[] {
  if (first === undefined || second === undefined) return first === second ? [] : ['verdict'];
  return (Object.keys(first) as (keyof Reading)[]).filter((name) => !isSame(name, first[name], second[name]));
}

/** Some readers keep a URI as it was written, others spell it anew. */
function isSame(name: keyof Reading, first: string, second: string): boolean {
  return first === second || (URIS.has(name) && uriEquals(first, second));
}

/** A list of header values as one text, whatever white space and line breaks it was written with. */
export function listText(values: readonly string[]): string {
  return values.join(',').replace(/\s+/g, ' ').replace(/ ?, ?/g, ',').trim();
}
