import { createHash, timingSafeEqual } from 'node:crypto';

/** The bearer tokens of initiators. They can be compared, and neither read out nor printed. */
export class BearerTokens {
  readonly #digests: readonly (readonly [name: string, digest: Buffer])[];

  /** @param tokens names of initiators to their tokens */
  constructor(tokens: ReadonlyMap<string, string>) {
    this.#digests = [...tokens].map(([name, token]) => [name, digest(token)]);
  }

  get size(): number {
    return this.#digests.length;
  }

  /** Whose token it is; undefined for nobody's. Takes the same time whichever it is, and for every wrong one. */
  ownerOf(token: string): string | undefined {
    const given = digest(token);
    let owner: string | undefined;
    for (const [name, known] of this.#digests) if (timingSafeEqual(given, known)) owner = name;
    return owner;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
