import type { X509Certificate } from 'node:crypto';

import type { CertificateIdentities } from './certificate-identities.ts';
import type { Identity } from './identity.ts';
import type { PskProof, PskRequest, PskSource } from './psk-source.ts';

/** How the clients of one listener may prove who they are while an association is set up. */
export interface ChannelProofParts {
  /** In the order in which they are asked. */
  readonly psk: readonly PskSource[];
  readonly certificates: CertificateIdentities | undefined;
}

/** What is known of an association once its handshake is over. */
export interface ChannelFacts {
  /** The `identity` of what {@link ChannelProofs.lookUp} gave. */
  readonly pskData: unknown;
  readonly pskIdentity: string | undefined;
  readonly peerCertificate: X509Certificate | undefined;
}

export type ChannelJudgement =
  /** `identity` is absent where the peer proved nothing: what it sends has to prove it. */
  { readonly accepted: true; readonly identity: Identity | undefined } | { readonly accepted: false };

/** What the channel says of who a peer is, for one listener; a reload puts other parts in force, for new handshakes. */
export class ChannelProofs {
  #parts: ChannelProofParts;

  constructor(parts: ChannelProofParts) {
    this.#parts = parts;
  }

  replace(parts: ChannelProofParts): void {
    this.#parts = parts;
  }

  get counters(): Readonly<Record<string, number>> {
    const { psk, certificates } = this.#parts;
    const counters: Record<string, number> = {};
    for (const source of psk) {
      for (const [name, count] of Object.entries(source.counters)) {
        counters[`psk-${name}`] = (counters[`psk-${name}`] ?? 0) + count;
      }
    }
    for (const [name, count] of Object.entries(certificates?.counters ?? {})) counters[`certificate-${name}`] = count;
    return counters;
  }

  /** The key of a PSK identity, of the first source that has one. Never rejects. */
  async lookUp(request: PskRequest): Promise<PskProof | undefined> {
    for (const source of this.#parts.psk) {
      const found = await source.lookUp(request);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Who the peer of an established association is. */
  judge({ pskData, pskIdentity, peerCertificate }: ChannelFacts): ChannelJudgement {
    if (pskData !== undefined) {
      const identity = pskData as Identity;
      const isCurrent = this.#parts.psk.some(
        (source) => source.scheme === identity.scheme && source.isCurrent(identity),
      );
      return isCurrent ? { accepted: true, identity } : { accepted: false };
    }
    // Without its proof the association is nobody's, and must not be taken for one that needed none.
    if (pskIdentity !== undefined) return { accepted: false };
    if (peerCertificate === undefined) return { accepted: true, identity: undefined };
    const identity = this.#parts.certificates?.identify(peerCertificate);
    return identity === undefined ? { accepted: false } : { accepted: true, identity };
  }
}
