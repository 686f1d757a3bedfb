import { MASTER_SECRET_OCTETS, RANDOM_OCTETS } from './secrets.ts';

/** What the secrets of an association are made of. */
export interface SecretParts {
  readonly masterSecret: Buffer;
  readonly clientRandom: Buffer;
  readonly serverRandom: Buffer;
}

/** Associations that share a slab. More would save little, and one that lives for long holds the slab of all. */
const ASSOCIATIONS_OF_SLAB = 16;

/** Octets before the key block. */
const PARTS_OCTETS = MASTER_SECRET_OCTETS + 2 * RANDOM_OCTETS;

/**
 * What outlives a handshake: master secret, both randoms, and the key block. It stands in a slab that a few associations share, for
 * memory of its own would cost each of them three times as much (docs/decisions/0074).
 */
export class AssociationSecrets {
  /** The slab; nothing of it is ours but what is at `start` and, with the keys, at `keysStart`. Empty once they are wiped. */
  octets: Buffer;
  readonly start: number;
  readonly #keysLength: number;

  /** @param keysLength octets of the key block, which is all zeros until it is written to `keys` */
  constructor({ masterSecret, clientRandom, serverRandom }: SecretParts, keysLength: number) {
    const length = PARTS_OCTETS + keysLength;
    this.start = reserve(length);
    this.octets = slab;
    this.#keysLength = keysLength;
    masterSecret.copy(slab, this.start);
    clientRandom.copy(slab, this.start + MASTER_SECRET_OCTETS);
    serverRandom.copy(slab, this.start + MASTER_SECRET_OCTETS + RANDOM_OCTETS);
  }

  /** From `parts` and `keys` of others, which it copies. */
  static restore(parts: Buffer, keys: Buffer): AssociationSecrets {
    const [masterSecret, clientRandom, serverRandom] = [
      parts.subarray(0, MASTER_SECRET_OCTETS),
      parts.subarray(MASTER_SECRET_OCTETS, MASTER_SECRET_OCTETS + RANDOM_OCTETS),
      parts.subarray(MASTER_SECRET_OCTETS + RANDOM_OCTETS, PARTS_OCTETS),
    ];
    const secrets = new AssociationSecrets({ masterSecret, clientRandom, serverRandom }, keys.length);
    keys.copy(secrets.keys);
    return secrets;
  }

  get masterSecret(): Buffer {
    return partOf(this, 0, MASTER_SECRET_OCTETS);
  }

  get clientRandom(): Buffer {
    return partOf(this, MASTER_SECRET_OCTETS, RANDOM_OCTETS);
  }

  get serverRandom(): Buffer {
    return partOf(this, MASTER_SECRET_OCTETS + RANDOM_OCTETS, RANDOM_OCTETS);
  }

  /** All but the keys, in the order of their names above. */
  get parts(): Buffer {
    return partOf(this, 0, PARTS_OCTETS);
  }

  /** The key block (RFC 5246 6.3). */
  get keys(): Buffer {
    return partOf(this, PARTS_OCTETS, this.#keysLength);
  }

  /** Where the key block begins in `octets`. */
  get keysStart(): number {
    return this.start + PARTS_OCTETS;
  }

  get areWiped(): boolean {
    return this.octets.length === 0;
  }

  /** Nothing is left of them; views that were given out are all zeros. */
  wipe(): void {
    if (this.areWiped) return;
    this.octets.fill(0, this.start, this.keysStart + this.#keysLength);
    this.octets = NO_OCTETS;
  }
}

function partOf({ octets, start }: AssociationSecrets, offset: number, length: number): Buffer {
  return octets.subarray(start + offset, start + offset + length);
}

const NO_OCTETS = Buffer.alloc(0);

let slab: Buffer = NO_OCTETS;
let used = 0;

/** Where that many octets of `slab` are free. */
function reserve(octets: number): number {
  if (used + octets > slab.length) {
    slab = Buffer.alloc(ASSOCIATIONS_OF_SLAB * octets);
    used = 0;
  }
  used += octets;
  return used - octets;
}
