import { decode, encode } from 'msgpack-lite';

/** Octets of the session identifiers that we make; a peer's may have 1 to 32 (RFC 5246 7.4.1.2). */
export const SESSION_ID_OCTETS = 32;

/** What two peers remember of a handshake, to make another association of it without a new key exchange. */
export interface Session {
  /** Code point. */
  readonly cipherSuite: number;
  /** 48 octets. */
  readonly masterSecret: Buffer;
  readonly extendedMasterSecret: boolean;
  /** Milliseconds since 1970 after which it is not resumed, and at which the associations made of it end if `bounded`. */
  readonly expiresAt: number;
  /** When the pre-shared key ends, in milliseconds since 1970: an association of the session ends then. */
  readonly keyExpiresAt?: number | undefined;
  readonly serverName?: string | undefined;
  readonly pskIdentity?: Buffer | undefined;
  /** What the PSK look-up attached; something that MessagePack can carry. */
  readonly pskData?: unknown;
  /** DER, the peer's own first. */
  readonly peerCertificates?: readonly Buffer[] | undefined;
  /** A client's: what names the session to the server. One of the two is empty. */
  readonly sessionId?: Buffer | undefined;
  readonly ticket?: Buffer | undefined;
}

const FORMAT = 1;

/** Octets for the inside of a ticket, or for a client's own store. They hold the master secret. */
export function encodeSession(session: Session): Buffer {
  return encode([
    FORMAT,
    session.cipherSuite,
    session.masterSecret,
    session.extendedMasterSecret,
    session.expiresAt,
    session.keyExpiresAt ?? null,
    session.serverName ?? null,
    session.pskIdentity ?? null,
    session.pskData ?? null,
    session.peerCertificates ?? null,
    session.sessionId ?? null,
    session.ticket ?? null,
  ]);
}

/** Undefined for anything that encodeSession() did not make. */
export function decodeSession(octets: Buffer): Session | undefined {
  let fields: unknown;
  try {
    fields = decode(octets);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields) || fields.length !== 12 || fields[0] !== FORMAT) return undefined;
  const list: readonly unknown[] = fields;
  const [, cipherSuite, masterSecret, extendedMasterSecret, expiresAt, keyExpiresAt, serverName, pskIdentity] = list;
  const [pskData, peerCertificates, sessionId, ticket] = list.slice(8);
  if (typeof cipherSuite !== 'number' || !Buffer.isBuffer(masterSecret) || masterSecret.length !== 48) return undefined;
  if (typeof extendedMasterSecret !== 'boolean' || typeof expiresAt !== 'number') return undefined;
  if (!isAbsentOr(keyExpiresAt, isNumber) || !isAbsentOr(serverName, isString)) return undefined;
  if (!isAbsentOr(pskIdentity, isBuffer) || !isAbsentOr(peerCertificates, isBuffers)) return undefined;
  if (!isAbsentOr(sessionId, isBuffer) || !isAbsentOr(ticket, isBuffer)) return undefined;
  return {
    cipherSuite,
    masterSecret,
    extendedMasterSecret,
    expiresAt,
    keyExpiresAt: keyExpiresAt ?? undefined,
    serverName: serverName ?? undefined,
    pskIdentity: pskIdentity ?? undefined,
    pskData: pskData ?? undefined,
    peerCertificates: peerCertificates ?? undefined,
    sessionId: sessionId ?? undefined,
    ticket: ticket ?? undefined,
  };
}

function isAbsentOr<T>(value: unknown, is: (value: unknown) => value is T): value is T | null {
  return value === null || is(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isBuffer(value: unknown): value is Buffer {
  return Buffer.isBuffer(value);
}

function isBuffers(value: unknown): value is Buffer[] {
  return Array.isArray(value) && value.every(isBuffer);
}
