import { Association } from './association.ts';
import type { AssociationHost } from './association-host.ts';
import type { AssociationState } from './association-state.ts';
import { ClientHandshake } from './client-handshake.ts';
import type { Negotiated } from './negotiated.ts';
import type { ClientSettings } from './settings.ts';

/** A client's association; start() sends its ClientHello. */
export class ClientAssociation extends Association {
  declare readonly settings: ClientSettings;

  /**
   * @param localCid what the peer is to send to us, 1 to 255 octets; empty when it need not
   * @param imported in place of a handshake
   */
  constructor(
    host: AssociationHost,
    settings: ClientSettings,
    peer: unknown,
    localCid: Buffer,
    imported?: { readonly negotiated: Negotiated; readonly state: AssociationState; readonly window: ReplayState },
  ) {
    super(host, settings, peer, localCid);
    if (imported !== undefined) this.restore(imported.negotiated, imported.state, imported.window);
  }

  get role(): 'client' {
    return 'client';
  }

  start(): void {
    const handshake = new ClientHandshake(this, this.settings);
    this.begin(handshake);
    handshake.start();
  }
}

type ReplayState = readonly [number, number, number];
