import { readFile, rm } from 'node:fs/promises';

import { SecretBox } from '../../../kmc/index.ts';
import type { AssociationRecord } from '../../sec1/index.ts';
import { sealedCodec, writePrivateFile, type Codec } from '../../store/index.ts';

/** What one listener hands to the process after it. */
export interface ListenerHandover {
  readonly listener: string;
  /** As the DTLS library has sealed it. */
  readonly sealed: Buffer;
  readonly records: readonly HandedRecord[];
}

/** An association, and the SIP flow over it that tokens in Path and Record-Route name. */
export interface HandedRecord extends AssociationRecord {
  readonly flow?: {
    readonly subject: string;
    readonly serial: number;
    readonly required: boolean;
    readonly keptAlive: boolean;
  };
}

export interface HandoverOptions {
  readonly path: string;
  /** 32 octets. */
  readonly key: Buffer;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now?: () => number;
}

/** How old a file may be: whoever finds an older one has been started much later, or was given a copy. */
const LONGEST_SECONDS = 600;

interface Content {
  readonly version: 1;
  readonly writtenAt: number;
  readonly listeners: readonly ListenerHandover[];
}

/** The file by which a gateway that is stopped hands its associations to the one that is started next. */
export class Handover {
  readonly #path: string;
  readonly #codec: Codec<Content>;
  readonly #now: () => number;

  constructor({ path, key, now = Date.now }: HandoverOptions) {
    this.#path = path;
    this.#codec = sealedCodec<Content>(new SecretBox(key));
    this.#now = now;
  }

  /** Writes the file, for its owner alone, whole or not at all. Rejects with the system's error. */
  async write(listeners: readonly ListenerHandover[]): Promise<void> {
    const content: Content = { version: 1, writtenAt: this.#now(), listeners };
    await writePrivateFile(this.#path, this.#codec.encode(content, PURPOSE));
  }

  /**
   * Reads the file and removes it, before anything in it is used: keys that went on from one state twice would protect two
   * records with one nonce.
   *
   * @returns undefined when there is none; a word when there is one that cannot be used. Rejects with the system's error when
   *   it cannot be read or removed.
   */
  async take(): Promise<readonly ListenerHandover[] | 'damaged' | 'too-old' | undefined> {
    let sealed: Buffer;
    try {
      sealed = await readFile(this.#path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    await rm(this.#path);
    // What opens was written by us.
    const content = this.#codec.decode(sealed, PURPOSE);
    if (content?.version !== 1) return 'damaged';
    return Math.abs(this.#now() - content.writtenAt) > LONGEST_SECONDS * 1000 ? 'too-old' : content.listeners;
  }
}

const PURPOSE = 'associations';
