import { createHash } from 'node:crypto';

import type { DtlsAssociation } from '../../../dtls/index.ts';
import { ChannelPeer, type Identity } from '../../identity/index.ts';

/** The peer of one association: it stays the same while its address changes. */
export class AssociationPeer extends ChannelPeer {
  readonly association: number;
  readonly dtls: DtlsAssociation;
  readonly identity: Identity | undefined;
  /** Who is told of what comes from it. */
  readonly #user: AssociationUser;

  constructor(association: number, dtls: DtlsAssociation, identity: Identity | undefined, user: AssociationUser) {
    super();
    this.association = association;
    this.dtls = dtls;
    this.identity = identity;
    this.#user = user;
    dtls.context = this;
    dtls.on('message', onMessage);
    dtls.on('close', onClose);
    dtls.on('address', onAddress);
  }

  /** Where it is reached now. */
  get address(): string {
    return this.dtls.remote.address;
  }

  get port(): number {
    return this.dtls.remote.port;
  }

  get user(): AssociationUser {
    return this.#user;
  }

  /** What an operator may see of the channel. */
  facts(): { readonly cipherSuite: string; readonly connectionId: boolean; readonly subjectHash: string } {
    const { identity, dtls } = this;
    return {
      cipherSuite: dtls.getCipher().standardName,
      connectionId: dtls.connectionId !== undefined,
      subjectHash: identity === undefined ? '' : subjectHash(identity.subject),
    };
  }
}

/** Hears of one association. */
export interface AssociationUser {
  onMessage(data: Buffer, peer: AssociationPeer): void;
  onMoved(peer: AssociationPeer): void;
  onClosed(peer: AssociationPeer, reason: string): void;
}

/** Tells two subjects apart and names none. */
export function subjectHash(subject: string): string {
  return createHash('sha256').update(subject).digest('hex').slice(0, 16);
}

// One function each for all associations, not one an association: there are many, and most of them are idle.

function onMessage(this: DtlsAssociation, data: Buffer): void {
  const { context } = this;
  if (context instanceof AssociationPeer) context.user.onMessage(data, context);
}

function onClose(this: DtlsAssociation, reason: string): void {
  const { context } = this;
  if (context instanceof AssociationPeer) context.user.onClosed(context, reason);
}

function onAddress(this: DtlsAssociation): void {
  const { context } = this;
  if (context instanceof AssociationPeer) context.user.onMoved(context);
}
