import { decode, encode } from 'msgpack-lite';

/** How a record becomes octets. */
export interface Codec<T> {
  /** `key` is the record's own, so that a codec can tie the two together. */
  encode(value: T, key: string): Uint8Array;
  /** Undefined for octets that are no such record. */
  decode(octets: Uint8Array, key: string): T | undefined;
}

/** MessagePack: plain objects, strings, numbers and Buffers come back as they were. */
export function messagePackCodec<T>(): Codec<T> {
  return {
    encode: (value) => encode(value),
    decode(octets) {
      try {
        return decode(octets) as T;
      } catch {
        return undefined;
      }
    },
  };
}

/** What {@link sealedCodec} needs of a box; kmc's SecretBox is one. */
export interface Box {
  seal(plaintext: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array | undefined;
}

/** Seals what another codec encodes, each record under its own key, for records that hold secrets. */
export function sealedCodec<T>(box: Box, inner: Codec<T> = messagePackCodec<T>()): Codec<T> {
  return {
    encode: (value, key) => box.seal(inner.encode(value, key), key),
    decode(octets, key) {
      const plaintext = box.open(octets, key);
      return plaintext === undefined ? undefined : inner.decode(plaintext, key);
    },
  };
}
