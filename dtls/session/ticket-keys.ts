import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

import { decodeSession, encodeSession, type Session } from './session.ts';

export interface TicketKeysOptions {
  /** For how long a ticket can be resumed, at most 7 days. */
  readonly lifetimeSeconds: number;
  /** How long a key seals tickets, at least a 256th of the lifetime; it opens them for their lifetime. */
  readonly rotationSeconds: number;
  /** 32 octets or more that all processes share whose tickets should be good at each other; random keys where absent. */
  readonly secret?: Buffer | undefined;
  readonly random: (length: number) => Buffer;
}

interface TicketKey {
  readonly name: Buffer;
  readonly key: KeyObject;
}

const NAME_OCTETS = 16;
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
/** Larger tickets (a long chain of certificates) are not issued. */
const MAXIMUM_TICKET_OCTETS = 4096;
const MAXIMUM_LIFETIME_SECONDS = 7 * 86_400;
/** Periods in one lifetime: so many keys are kept at most, whatever periods a peer writes on its tickets. */
export const MAXIMUM_PERIODS = 256;
/** AES-256-GCM with its whole tag and no shorter one. */
const GCM = { authTagLength: TAG_OCTETS };

/**
 * Seals sessions into tickets (RFC 5077) and opens them: key name, nonce, AES-256-GCM of the session. A key belongs to a period of
 * `rotationSeconds`, and is forgotten when the tickets it sealed have ended.
 */
export class TicketKeys {
  readonly lifetimeSeconds: number;
  readonly #rotation: number;
  readonly #secret: KeyObject | undefined;
  readonly #random: (length: number) => Buffer;
  readonly #keys = new Map<number, TicketKey>();

  constructor({ lifetimeSeconds, rotationSeconds, secret, random }: TicketKeysOptions) {
    this.lifetimeSeconds = Math.min(lifetimeSeconds, MAXIMUM_LIFETIME_SECONDS);
    this.#rotation = Math.max(1, rotationSeconds, this.lifetimeSeconds / MAXIMUM_PERIODS) * 1000;
    this.#secret = secret === undefined ? undefined : createSecretKey(secret);
    this.#random = random;
  }

  /**
   * A ticket, or undefined when the session is too large for one, or has data of the application in it that MessagePack cannot carry.
   *
   * @param wallClock milliseconds since 1970
   */
  seal(session: Session, wallClock: number): Buffer | undefined {
    let plaintext: Buffer;
    try {
      plaintext = encodeSession(session);
    } catch {
      return undefined;
    }
    const length = NAME_OCTETS + NONCE_OCTETS + plaintext.length + TAG_OCTETS;
    if (length > MAXIMUM_TICKET_OCTETS) return undefined;
    const { name, key } = this.#keyOf(Math.floor(wallClock / this.#rotation), wallClock);
    const nonce = this.#random(NONCE_OCTETS);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM).setAAD(name);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([name, nonce, ciphertext, cipher.getAuthTag()], length);
  }

  /** The session of a ticket that we, or a process with the same secret, made and that has not ended. */
  open(ticket: Buffer, wallClock: number): Session | undefined {
    if (ticket.length <= NAME_OCTETS + NONCE_OCTETS + TAG_OCTETS || ticket.length > MAXIMUM_TICKET_OCTETS)
      return undefined;
    const name = ticket.subarray(0, NAME_OCTETS);
    const period = this.#periodOf(name, wallClock);
    if (period === undefined) return undefined;
    const { key } = this.#keyOf(period, wallClock);
    const nonce = ticket.subarray(NAME_OCTETS, NAME_OCTETS + NONCE_OCTETS);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, GCM).setAAD(name);
    decipher.setAuthTag(ticket.subarray(ticket.length - TAG_OCTETS));
    let plaintext: Buffer;
    try {
      plaintext = decipher.update(ticket.subarray(NAME_OCTETS + NONCE_OCTETS, ticket.length - TAG_OCTETS));
      decipher.final();
    } catch {
      return undefined;
    }
    const session = decodeSession(plaintext);
    return session === undefined || session.expiresAt <= wallClock ? undefined : session;
  }

  /** The period whose key has that name, of those whose tickets may still be good. */
  #periodOf(name: Buffer, wallClock: number): number | undefined {
    const period = name.readUInt32BE(0);
    const current = Math.floor(wallClock / this.#rotation);
    // A clock of another process may be a little ahead.
    if (period > current + 1 || period < current - this.#periodsKept) return undefined;
    if (this.#secret === undefined && !this.#keys.has(period)) return undefined;
    return this.#keyOf(period, wallClock).name.equals(name) ? period : undefined;
  }

  /** Keys that are held. */
  get size(): number {
    return this.#keys.size;
  }

  get #periodsKept(): number {
    return Math.ceil((this.lifetimeSeconds * 1000) / this.#rotation);
  }

  #keyOf(period: number, wallClock: number): TicketKey {
    let key = this.#keys.get(period);
    if (key === undefined) {
      key = this.#make(period);
      this.#keys.set(period, key);
      const oldest = Math.floor(wallClock / this.#rotation) - this.#periodsKept;
      for (const kept of this.#keys.keys()) if (kept < oldest) this.#keys.delete(kept);
    }
    return key;
  }

  #make(period: number): TicketKey {
    const name = Buffer.allocUnsafeSlow(NAME_OCTETS);
    name.writeUInt32BE(period, 0);
    if (this.#secret === undefined) {
      this.#random(NAME_OCTETS - 4).copy(name, 4);
      return { name, key: createSecretKey(this.#random(32)) };
    }
    derive(this.#secret, 'name', period).copy(name, 4, 0, NAME_OCTETS - 4);
    return { name, key: createSecretKey(derive(this.#secret, 'key', period)) };
  }
}

/** 32 octets for one use in one period. */
function derive(secret: KeyObject, use: string, period: number): Buffer {
  return createHmac('sha256', secret).update(`osgate ticket ${use} ${period}`).digest();
}
