import type { Session } from './session.ts';

/**
 * A server's sessions by identifier (RFC 5246 F.1.4), at most so many. At the bound the oldest goes: only peers that have proven
 * who they are can add one, and a peer whose session is gone makes a full handshake.
 */
export class SessionCache {
  readonly maximum: number;
  readonly lifetime: number;
  /** Sessions that went before their time because of the bound. */
  evictions = 0;
  readonly #sessions = new Map<string, Session>();

  /**
   * @param maximum sessions
   * @param lifetime milliseconds for which a session can be resumed
   */
  constructor(maximum: number, lifetime = 3_600_000) {
    this.maximum = maximum;
    this.lifetime = lifetime;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(sessionId: Buffer, session: Session): void {
    if (this.maximum <= 0) return;
    if (this.#sessions.size >= this.maximum) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
      this.evictions++;
    }
    this.#sessions.set(sessionId.toString('latin1'), session);
  }

  /** @param wallClock milliseconds since 1970 */
  get(sessionId: Buffer, wallClock: number): Session | undefined {
    const key = sessionId.toString('latin1');
    const session = this.#sessions.get(key);
    if (session === undefined || session.expiresAt > wallClock) return session;
    this.#sessions.delete(key);
    return undefined;
  }

  /** A session whose association ended with a fatal alert is not resumed (RFC 5246 7.2.2). */
  delete(sessionId: Buffer): void {
    this.#sessions.delete(sessionId.toString('latin1'));
  }
}
