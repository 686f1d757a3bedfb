import { createSecretKey } from 'node:crypto';

import { lazy } from '../../sip/transport/lazy.ts';
import { ownProgram, type OwnProgram } from '../../sip/transport/own-program.ts';
import type { BulkCipher } from '../suites/bulk-cipher.ts';
import { NONCE_OCTETS } from './aead-nonce.ts';
import { sealByNode } from './node-aead.ts';

/**
 * The AEAD ciphers of the OpenSSL that Node runs on, called without node:crypto, by two contexts a cipher that are kept. For each record
 * node:crypto makes a context, three ArrayBuffers and a stream, which takes five times as long as the record itself (decision 0076).
 *
 * OpenSSL reads and writes one block of memory and nothing else; addresses and lengths in it are ours. Keys are wiped from it at once;
 * a context knows the last one it was given until the next record.
 */
export class OpensslAead {
  readonly #openssl: Openssl;
  /** Undefined for those that OpenSSL does not have, or does otherwise than node:crypto. */
  readonly #contexts = new Map<BulkCipher, Contexts | undefined>();

  constructor(openssl: Openssl) {
    this.#openssl = openssl;
  }

  /**
   * Encrypts into a record: ciphertext and tag from `offset` on.
   *
   * @param keys holds the key at `keyStart`
   * @param nonce of twelve octets
   * @returns false when it cannot be done here: nothing is written then, and nobody else has seen what the nonce was used for
   */
  seal(
    bulk: BulkCipher,
    keys: Buffer,
    keyStart: number,
    nonce: Buffer,
    aad: Buffer,
    plaintext: Uint8Array,
    record: Buffer,
    offset: number,
  ): boolean {
    const context = this.#contextsOf(bulk)?.sealing;
    const { length } = plaintext;
    if (context === undefined || length > MAXIMUM_TEXT || aad.length > MAXIMUM_AAD) return false;
    const { memory, address, update, final, control } = this.#openssl;
    memory.set(plaintext, TEXT);
    const text = address + TEXT;
    const isSealed =
      this.#begin(context, ENCRYPT, bulk, keys, keyStart, nonce, aad, length) &&
      update(context, text, address + WRITTEN, text, length) === 1 &&
      final(context, text + length, address + WRITTEN) === 1 &&
      control(context, GET_TAG, bulk.tagLength, address + TAG) === 1;
    if (!isSealed) {
      this.#openssl.clearErrors();
      return false;
    }
    memory.copy(record, offset, TEXT, TEXT + length);
    memory.copy(record, offset + length, TAG, TAG + bulk.tagLength);
    return true;
  }

  /**
   * Decrypts `length` octets of a datagram from `offset` on; the tag stands behind them.
   *
   * @param keys holds the key at `keyStart`
   * @param nonce of twelve octets
   * @returns undefined when they are not authentic, false when it cannot be done here
   */
  open(
    bulk: BulkCipher,
    keys: Buffer,
    keyStart: number,
    nonce: Buffer,
    aad: Buffer,
    datagram: Buffer,
    offset: number,
    length: number,
  ): Buffer | false | undefined {
    const context = this.#contextsOf(bulk)?.opening;
    if (context === undefined || length > MAXIMUM_TEXT || aad.length > MAXIMUM_AAD) return false;
    const { memory, address, update, final } = this.#openssl;
    const end = offset + length;
    datagram.copy(memory, TEXT, offset, end);
    datagram.copy(memory, TAG, end, end + bulk.tagLength);
    const text = address + TEXT;
    if (!this.#begin(context, DECRYPT, bulk, keys, keyStart, nonce, aad, length)) {
      this.#openssl.clearErrors();
      return false;
    }
    const isAuthentic =
      update(context, text, address + WRITTEN, text, length) === 1 &&
      // CCM compares the tag before it gives any text, and has no end (EVP_EncryptInit(3), "CCM Mode").
      (bulk.mode === 'ccm' || final(context, text + length, address + WRITTEN) === 1);
    if (!isAuthentic) {
      // Left in the queue of errors, it would be taken for theirs by node:crypto and node:tls.
      this.#openssl.clearErrors();
      return undefined;
    }
    const content = Buffer.allocUnsafe(length);
    memory.copy(content, 0, TEXT, TEXT + length);
    return content;
  }

  /** Everything before the text itself. */
  #begin(
    context: number,
    direction: number,
    { mode, keyLength, tagLength }: BulkCipher,
    keys: Buffer,
    keyStart: number,
    nonce: Buffer,
    aad: Buffer,
    length: number,
  ): boolean {
    const { memory, address, init, update, control } = this.#openssl;
    keys.copy(memory, KEY, keyStart, keyStart + keyLength);
    nonce.copy(memory, NONCE, 0, NONCE_OCTETS);
    aad.copy(memory, AAD);
    const isKeyed = init(context, 0, 0, address + KEY, address + NONCE, direction) === 1;
    memory.fill(0, KEY, KEY + keyLength);
    return (
      isKeyed &&
      (direction === ENCRYPT || control(context, SET_TAG, tagLength, address + TAG) === 1) &&
      (mode !== 'ccm' || update(context, 0, address + WRITTEN, 0, length) === 1) &&
      update(context, 0, address + WRITTEN, address + AAD, aad.length) === 1
    );
  }

  #contextsOf(bulk: BulkCipher): Contexts | undefined {
    const contexts = this.#contexts.get(bulk);
    return contexts !== undefined || this.#contexts.has(bulk) ? contexts : this.#makeContexts(bulk);
  }

  #makeContexts(bulk: BulkCipher): Contexts | undefined {
    const sealing = this.#makeContext(bulk, ENCRYPT);
    const opening = this.#makeContext(bulk, DECRYPT);
    const contexts = sealing === undefined || opening === undefined ? undefined : { sealing, opening };
    this.#contexts.set(bulk, contexts);
    if (contexts === undefined || this.#doesAsNode(bulk)) return contexts;
    this.#contexts.set(bulk, undefined);
    return undefined;
  }

  /** For the life of the process, as is the cipher that is fetched for it. */
  #makeContext({ algorithm, mode, tagLength }: BulkCipher, direction: number): number | undefined {
    const { fetchCipher, newContext, init, control, clearErrors } = this.#openssl;
    const cipher = fetchCipher(0, algorithm, null);
    const context = cipher === 0 ? 0 : newContext();
    const isMade =
      context !== 0 &&
      init(context, cipher, 0, 0, 0, direction) === 1 &&
      (mode !== 'ccm' ||
        (control(context, SET_IV_LENGTH, NONCE_OCTETS, 0) === 1 && control(context, SET_TAG, tagLength, 0) === 1));
    if (isMade) return context;
    clearErrors();
    return undefined;
  }

  /** Whether a record comes out as node:crypto makes it, and is opened only as it was made. */
  #doesAsNode(bulk: BulkCipher): boolean {
    const key = Buffer.alloc(bulk.keyLength, 'key');
    const nonce = Buffer.alloc(NONCE_OCTETS, 'nonce');
    const aad = Buffer.from('additional');
    const text = Buffer.alloc(40, 'text');
    const record = Buffer.alloc(text.length + bulk.tagLength);
    const expected = Buffer.alloc(record.length);
    sealByNode(bulk, createSecretKey(key), nonce, aad, text, expected, 0);
    if (!this.seal(bulk, key, 0, nonce, aad, text, record, 0) || !record.equals(expected)) return false;
    const opened = this.open(bulk, key, 0, nonce, aad, record, 0, text.length);
    if (opened === false || opened?.equals(text) !== true) return false;
    record.writeUInt8(record.readUInt8(0) ^ 1, 0);
    return this.open(bulk, key, 0, nonce, aad, record, 0, text.length) === undefined;
  }
}

/** That of the process; undefined where OpenSSL cannot be called: see {@link ownProgram}, or another major version than 3. */
export const opensslAead = lazy(load);

/** Whether servers protect records that way unless `callsOpenssl` is false. */
export function canCallOpenssl(): boolean {
  return opensslAead() !== undefined;
}

function load(): OpensslAead | undefined {
  const program = ownProgram();
  if (program === undefined || !process.versions.openssl.startsWith('3.')) return undefined;
  try {
    return new OpensslAead(bindOpenssl(program));
  } catch {
    // An OpenSSL that the program keeps to itself.
    return undefined;
  }
}

/** Contexts of one cipher, by their addresses: for one key after the other. */
interface Contexts {
  readonly sealing: number;
  readonly opening: number;
}

/** What is called of OpenSSL, and the memory that it is given. All numbers but lengths are addresses; 1 is success. */
export interface Openssl {
  readonly memory: Buffer;
  readonly address: number;
  /** EVP_CIPHER_fetch(3): library context, name, properties. */
  readonly fetchCipher: (library: number, name: string, properties: null) => number;
  readonly newContext: () => number;
  /** EVP_CipherInit_ex: context, cipher, engine, key, nonce, direction; what is 0 stays as it is. */
  readonly init: (
    context: number,
    cipher: number,
    engine: number,
    key: number,
    nonce: number,
    direction: number,
  ) => number;
  /** EVP_CipherUpdate: context, output, where its length goes, input, length; without output, input is authenticated only. */
  readonly update: (context: number, output: number, written: number, input: number, length: number) => number;
  readonly final: (context: number, output: number, written: number) => number;
  /** EVP_CIPHER_CTX_ctrl: context, what, length, address. */
  readonly control: (context: number, what: number, length: number, value: number) => number;
  readonly clearErrors: () => void;
}

/** @throws where the program has no OpenSSL, or keeps it to itself */
export function bindOpenssl(program: OwnProgram): Openssl {
  const memory = Buffer.alloc(TEXT + MAXIMUM_TEXT);
  const clear = program.call('void ERR_clear_error()');
  return {
    memory,
    address: program.addressOf(memory),
    fetchCipher: program.call('uintptr_t EVP_CIPHER_fetch(uintptr_t, str, str)'),
    newContext: program.call('uintptr_t EVP_CIPHER_CTX_new()'),
    init: program.call('int EVP_CipherInit_ex(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)'),
    update: program.call('int EVP_CipherUpdate(uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)'),
    final: program.call('int EVP_CipherFinal_ex(uintptr_t, uintptr_t, uintptr_t)'),
    control: program.call('int EVP_CIPHER_CTX_ctrl(uintptr_t, int, int, uintptr_t)'),
    clearErrors: () => void clear(),
  };
}

/** The operand `enc` of EVP_CipherInit_ex. */
const ENCRYPT = 1;
const DECRYPT = 0;

/** EVP_CTRL_AEAD_SET_IVLEN, EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_TAG (openssl/evp.h). */
const SET_IV_LENGTH = 0x9;
const GET_TAG = 0x10;
const SET_TAG = 0x11;

/** Where things stand in the memory: a key of at most 32 octets, a tag of at most 16, an `int`. */
const KEY = 0;
const NONCE = 32;
const TAG = 48;
const WRITTEN = 64;
const AAD = 128;
const TEXT = 512;
const MAXIMUM_AAD = TEXT - AAD;
/** More than the largest fragment (RFC 5246 6.2.3): 2^14 + 2048 octets. */
const MAXIMUM_TEXT = 20_480;
