import { isSipUri, isTelUri, parseUri } from '../../sip/message/index.ts';
import { OsgateError } from '../errors.ts';
import type { Identity } from './identity.ts';
import type { PskProof, PskRequest, PskSource } from './psk-source.ts';

export interface StaticPskOptions {
  /** The text of a file with a line `identity:key in hexadecimal` for each client; empty lines and those with # do not count. */
  readonly text: string;
  /** Where the text is from, for messages. */
  readonly name: string;
  /** Public identities of clients whose PSK identity is no SIP or tel URI itself, the default one first. */
  readonly publicIdentities?: readonly { readonly identity: string; readonly uris: readonly string[] }[];
}

/** A key shorter than this can be guessed by whoever has seen one handshake. */
const SHORTEST_KEY_OCTETS = 16;
const LONGEST_KEY_OCTETS = 64;

/** Pre-shared keys that an operator hands out: for devices without GBA, such as CoAP clients. */
export class StaticPsk implements PskSource {
  readonly scheme = 'psk';
  readonly #proofs: ReadonlyMap<string, PskProof>;
  readonly #counters = { found: 0, unknown: 0 };

  /** @throws OsgateError OSGATE_CONFIG_INVALID naming the line, never what is in it */
  constructor({ text, name, publicIdentities = [] }: StaticPskOptions) {
    const proofs = new Map<string, PskProof>();
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line === '' || line.startsWith('#')) continue;
      const colon = line.lastIndexOf(':');
      const identity = line.slice(0, colon);
      const digits = line.slice(colon + 1).trim();
      if (colon < 1 || !/^(?:[0-9A-Fa-f]{2})+$/.test(digits)) {
        throw problem(name, index, 'expected identity:key with the key in hexadecimal');
      }
      const key = Buffer.from(digits, 'hex');
      if (key.length < SHORTEST_KEY_OCTETS || key.length > LONGEST_KEY_OCTETS) {
        throw problem(name, index, `a key has ${SHORTEST_KEY_OCTETS} to ${LONGEST_KEY_OCTETS} octets`);
      }
      if (proofs.has(identity)) throw problem(name, index, 'an identity that stands further up already');
      const uris = publicIdentities.find((one) => one.identity === identity)?.uris;
      const impus = uris ?? (isPublicIdentity(identity) ? [identity] : []);
      proofs.set(identity, { key, identity: { scheme: 'psk', subject: identity, impus, securitySettings: [] } });
    }
    for (const { identity } of publicIdentities) {
      if (proofs.has(identity)) continue;
      throw new OsgateError('OSGATE_CONFIG_INVALID', `publicIdentities: ${name} has no identity "${identity}"`);
    }
    this.#proofs = proofs;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  lookUp({ identity }: PskRequest): PskProof | undefined {
    const proof = this.#proofs.get(identity);
    this.#counters[proof === undefined ? 'unknown' : 'found']++;
    return proof;
  }

  /** A client that was taken out of the file must not come back by a ticket. */
  isCurrent({ subject }: Identity): boolean {
    return this.#proofs.has(subject);
  }
}

function isPublicIdentity(text: string): boolean {
  const uri = parseUri(text);
  return isSipUri(uri) || isTelUri(uri);
}

function problem(name: string, index: number, message: string): OsgateError {
  return new OsgateError('OSGATE_CONFIG_INVALID', `${name}:${index + 1}: ${message}`);
}
