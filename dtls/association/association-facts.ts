import { encodeSession } from '../session/session.ts';
import type { CipherSuite } from '../suites/cipher-suite.ts';
import { exportKeyingMaterial } from '../suites/secrets.ts';
import type { Negotiated } from './negotiated.ts';

/** What can be asked of an association: who the peer is, and what was agreed on. */
export abstract class AssociationFacts {
  abstract readonly role: 'server' | 'client';
  abstract readonly state: 'handshaking' | 'established' | 'closed';
  /** Milliseconds since 1970 at which the association ends. */
  abstract expiresAt: number | undefined;
  protected negotiated: Negotiated | undefined;

  get cipher(): CipherSuite | undefined {
    return this.negotiated?.suite;
  }

  get pskIdentity(): Buffer | undefined {
    const identity = this.negotiated?.pskIdentity;
    return identity === undefined ? undefined : Buffer.from(identity, 'latin1');
  }

  get pskData(): unknown {
    return this.negotiated?.pskData;
  }

  get serverName(): string | undefined {
    return this.negotiated?.serverName;
  }

  /** DER, the peer's own first. */
  get peerCertificates(): readonly Buffer[] | undefined {
    return this.negotiated?.peerCertificates;
  }

  /** Whether the handshake resumed a session. */
  get resumed(): boolean {
    return this.negotiated?.resumed ?? false;
  }

  /** Octets that send() takes at most. */
  get maximumSend(): number {
    return this.negotiated?.maximumSend ?? 0;
  }

  /** A client's: what `settings.session` of a later association takes. It holds secrets. */
  get session(): Buffer | undefined {
    const negotiated = this.negotiated;
    if (this.role !== 'client' || negotiated?.sessionExpiresAt === undefined) return undefined;
    return encodeSession({
      cipherSuite: negotiated.suite.code,
      masterSecret: negotiated.secrets.masterSecret,
      extendedMasterSecret: negotiated.extendedMasterSecret,
      expiresAt: negotiated.sessionExpiresAt,
      keyExpiresAt: this.expiresAt,
      serverName: negotiated.serverName,
      pskIdentity: this.pskIdentity,
      peerCertificates: negotiated.peerCertificates,
      sessionId: negotiated.sessionId,
      ticket: negotiated.ticket,
    });
  }

  /** A fatal alert has come that is authentic: the session is not to be resumed (RFC 5246 7.2.2). A server's cache has more to do. */
  protected forgetSession(): void {}

  /** Keying material for the application (RFC 5705). Undefined until the association is established, and where its secrets are wiped. */
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer | undefined {
    const negotiated = this.negotiated;
    if (negotiated === undefined || this.state === 'handshaking' || negotiated.secrets.areWiped) return undefined;
    const { hash } = negotiated.suite;
    const { masterSecret, clientRandom: client, serverRandom: server } = negotiated.secrets;
    return exportKeyingMaterial(hash, masterSecret, label, { client, server }, length, context);
  }
}
