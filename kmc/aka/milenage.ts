import { createCipheriv, type Cipheriv } from 'node:crypto';
import { KmcError } from '../errors.ts';
import { formatSqn } from './sequence-number.ts';

/** What f2, f3, f4 and f5 make of one RAND. RES, CK and IK are secret; AK hides the SQN. */
export interface AkaOutputs {
  /** f2, 8 octets. */
  readonly res: Buffer;
  /** f3, 16 octets. */
  readonly ck: Buffer;
  /** f4, 16 octets. */
  readonly ik: Buffer;
  /** f5, 6 octets. */
  readonly ak: Buffer;
}

/** An AKA algorithm set with a subscriber's keys in it (TS 33.102 6.3.2, 6.3.3). */
export interface AkaAlgorithm {
  /** MAC-A, 8 octets. */
  f1(rand: Uint8Array, sqn: bigint, amf: Uint8Array): Buffer;
  /** MAC-S, 8 octets. */
  f1Star(rand: Uint8Array, sqn: bigint, amf: Uint8Array): Buffer;
  f2345(rand: Uint8Array): AkaOutputs;
  /** AK of the resynchronisation, 6 octets. */
  f5Star(rand: Uint8Array): Buffer;
}

/**
 * Milenage (TS 35.206): the AKA algorithm set with AES-128 as its kernel.
 *
 * K, OPc and RAND are 16 octets, AMF is 2, SQN is 48 bits; anything else throws OSGATE_KMC_INVALID_ARGUMENT.
 */
export class Milenage implements AkaAlgorithm {
  readonly #cipher: Cipheriv;
  readonly #opc: Buffer;

  constructor(k: Uint8Array, opc: Uint8Array) {
    requireOctets('K', k, BLOCK);
    requireOctets('OPc', opc, BLOCK);
    this.#cipher = blockCipher(k);
    this.#opc = Buffer.from(opc);
  }

  f1(rand: Uint8Array, sqn: bigint, amf: Uint8Array): Buffer {
    return this.#out1(rand, sqn, amf).subarray(0, 8);
  }

  f1Star(rand: Uint8Array, sqn: bigint, amf: Uint8Array): Buffer {
    return this.#out1(rand, sqn, amf).subarray(8, 16);
  }

  f2345(rand: Uint8Array): AkaOutputs {
    const temp = this.#temp(rand);
    const out2 = this.#out(temp, 0, 0x01);
    return {
      res: out2.subarray(8, 16),
      ck: this.#out(temp, 4, 0x02),
      ik: this.#out(temp, 8, 0x04),
      ak: out2.subarray(0, 6),
    };
  }

  f5Star(rand: Uint8Array): Buffer {
    return this.#out(this.#temp(rand), 12, 0x08).subarray(0, 6);
  }

  /** TEMP = E_K(RAND xor OPc). */
  #temp(rand: Uint8Array): Buffer {
    requireOctets('RAND', rand, BLOCK);
    return this.#encrypt(xor(rand, this.#opc));
  }

  /** OUT1 = E_K(TEMP xor rot(IN1 xor OPc, 64 bits) xor c1) xor OPc, with c1 = 0. */
  #out1(rand: Uint8Array, sqn: bigint, amf: Uint8Array): Buffer {
    requireOctets('AMF', amf, 2);
    const sequence = formatSqn(sqn);
    const input = xor(Buffer.concat([sequence, amf, sequence, amf]), this.#opc);
    return xor(this.#encrypt(xor(rotate(input, 8), this.#temp(rand))), this.#opc);
  }

  /** OUTn = E_K(rot(TEMP xor OPc, r) xor c) xor OPc; r in octets, c is the last octet of the constant. */
  #out(temp: Buffer, rotation: number, constant: number): Buffer {
    const input = rotate(xor(temp, this.#opc), rotation);
    input.writeUInt8(input.readUInt8(15) ^ constant, 15);
    return xor(this.#encrypt(input), this.#opc);
  }

  #encrypt(block: Buffer): Buffer {
    return this.#cipher.update(block);
  }
}

/** OPc = E_K(OP) xor OP (TS 35.206 4.1), 16 octets. Throws OSGATE_KMC_INVALID_ARGUMENT unless both are 16 octets. */
export function deriveOpc(k: Uint8Array, op: Uint8Array): Buffer {
  requireOctets('K', k, BLOCK);
  requireOctets('OP', op, BLOCK);
  return xor(blockCipher(k).update(op), op);
}

const BLOCK = 16;

/** ECB without padding keeps no state between blocks, so one cipher object serves every block of a key. */
function blockCipher(k: Uint8Array): Cipheriv {
  const cipher = createCipheriv('aes-128-ecb', k, null);
  cipher.setAutoPadding(false);
  return cipher;
}

function rotate(block: Buffer, octets: number): Buffer {
  return Buffer.concat([block.subarray(octets), block.subarray(0, octets)]);
}

function xor(left: Uint8Array, right: Uint8Array): Buffer {
  const result = Buffer.from(left);
  for (let index = 0; index < result.length; index++) {
    result[index] = (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return result;
}

function requireOctets(name: string, value: Uint8Array, length: number): void {
  if (value.length !== length) {
    throw new KmcError('OSGATE_KMC_INVALID_ARGUMENT', `${name} has ${value.length} octets, not ${length}`);
  }
}
