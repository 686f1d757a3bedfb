import { seededRandom } from '../../../support/memory-network.ts';

/** What a bad network does; each of it is off where absent. */
export interface RelayRules {
  /** The same seed gives the same decisions for the same datagrams. */
  readonly seed: number;
  /** The share of datagrams that is lost, 0 to 1. */
  readonly loss?: number;
  /** Never loses more than so many in a row in one direction, so that a run ends in bounded time; 3 where absent. */
  readonly longestLoss?: number;
  /** Loses every n-th datagram of each direction. */
  readonly loseEvery?: number;
  /** The shares that come twice, and behind the one after them. */
  readonly duplicate?: number;
  readonly reorder?: number;
  /**
   * The share that has one bit turned round, of datagrams that are protected from the first octet: DTLS has nothing against
   * damage to a handshake in the clear, which UDP's checksum finds.
   */
  readonly corrupt?: number;
  /** Every datagram is late by up to so many milliseconds. */
  readonly delayMilliseconds?: number;
  /** Datagrams with more octets than this are lost. */
  readonly mtu?: number;
  /** The first datagram with this handshake message, in the clear, is late. */
  readonly late?: { readonly message: HandshakeMessage; readonly milliseconds: number };
}

export type Fate = 'pass' | 'lose' | 'too-large' | 'duplicate' | 'reorder' | 'corrupt';

/** Handshake messages that go in the clear in DTLS 1.2, by their number. */
const HANDSHAKE_MESSAGES = {
  client_hello: 1,
  server_hello: 2,
  hello_verify_request: 3,
  certificate: 11,
  server_key_exchange: 12,
  certificate_request: 13,
  server_hello_done: 14,
  certificate_verify: 15,
  client_key_exchange: 16,
} as const;

export type HandshakeMessage = keyof typeof HANDSHAKE_MESSAGES;

/** Decides for the datagrams of one direction. */
export class DirectionRules {
  readonly #rules: RelayRules;
  readonly #random: () => number;
  #seen = 0;
  #lostInARow = 0;
  #lateDone = false;

  constructor(rules: RelayRules, direction: 'from client' | 'to client') {
    this.#rules = rules;
    this.#random = seededRandom(rules.seed * 2 + (direction === 'from client' ? 0 : 1));
  }

  decide(datagram: Buffer): { readonly fate: Fate; readonly delay: number } {
    const { loss = 0, longestLoss = 3, loseEvery, duplicate = 0, reorder = 0, corrupt = 0, mtu, late } = this.#rules;
    this.#seen++;
    // One number of each kind for each datagram, so that no decision shifts those of later datagrams.
    const [lot, harm, wait] = [this.#random(), this.#random(), this.#random()];
    const delay = Math.round(wait * (this.#rules.delayMilliseconds ?? 0));
    if (mtu !== undefined && datagram.length > mtu) return { fate: 'too-large', delay };
    const loses =
      (lot < loss && this.#lostInARow < longestLoss) || (loseEvery !== undefined && this.#seen % loseEvery === 0);
    this.#lostInARow = loses ? this.#lostInARow + 1 : 0;
    if (loses) return { fate: 'lose', delay };
    if (late !== undefined && !this.#lateDone && hasMessage(datagram, late.message)) {
      this.#lateDone = true;
      return { fate: 'pass', delay: delay + late.milliseconds };
    }
    if (harm < duplicate) return { fate: 'duplicate', delay };
    if (harm < duplicate + reorder) return { fate: 'reorder', delay };
    if (harm < duplicate + reorder + corrupt && isProtected(datagram)) return { fate: 'corrupt', delay };
    return { fate: 'pass', delay };
  }

  /** A copy with one bit turned round. */
  corrupted(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    const at = Math.floor(this.#random() * copy.length);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << Math.floor(this.#random() * 8)), at);
    return copy;
  }
}

function isProtected(datagram: Buffer): boolean {
  return datagram.length >= 13 && datagram.readUInt16BE(3) > 0;
}

/** Whether one of the records of a datagram is a handshake message of that type in epoch 0. */
function hasMessage(datagram: Buffer, message: HandshakeMessage): boolean {
  for (let at = 0; at + 14 <= datagram.length; at += 13 + datagram.readUInt16BE(at + 11)) {
    const isClear = datagram.readUInt8(at) === 22 && datagram.readUInt16BE(at + 3) === 0;
    if (isClear && datagram.readUInt8(at + 13) === HANDSHAKE_MESSAGES[message]) return true;
  }
  return false;
}
