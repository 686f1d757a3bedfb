import { Association } from './association.ts';
import type { AssociationHost } from './association-host.ts';
import type { AssociationState } from './association-state.ts';
import type { Negotiated } from './negotiated.ts';
import { ServerHandshake } from './server-handshake.ts';
import type { ServerSettings } from './settings.ts';

/** A server's association: made when a ClientHello has come whose cookie was right, which receive() is then given. */
export class ServerAssociation extends Association {
  declare readonly settings: ServerSettings;

  /**
   * @param localCid what the peer is to send to us, 1 to 255 octets; empty when it need not
   * @param imported in place of a handshake
   */
  constructor(
    host: AssociationHost,
    settings: ServerSettings,
    peer: unknown,
    localCid: Buffer,
    imported?: { readonly negotiated: Negotiated; readonly state: AssociationState; readonly window: ReplayState },
  ) {
    super(host, settings, peer, localCid);
    if (imported === undefined) this.begin(new ServerHandshake(this, settings));
    else this.restore(imported.negotiated, imported.state, imported.window);
  }

  get role(): 'server' {
    return 'server';
  }

  /** A client keeps them, for it may be asked for its session still. */
  protected override onEnd(): void {
    this.negotiated?.secrets.wipe();
  }

  protected override forgetSession(): void {
    const sessionId = this.negotiated?.sessionId;
    if (sessionId !== undefined) this.settings.sessionCache?.delete(sessionId);
  }
}

type ReplayState = readonly [number, number, number];
