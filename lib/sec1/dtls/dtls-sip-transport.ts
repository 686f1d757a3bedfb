import { DTLS_VIA_TRANSPORT, octetsOf, peerKey, type Flow, type Peer, type Transport } from '../../../sip/index.ts';
import { AssociationPeer } from './association-peer.ts';
import type { ChannelServer, ChannelUser } from './channel-server.ts';

/** Who hears of what comes by the associations of a SIP listener. */
export interface DtlsSipHandler {
  receive(message: Buffer, flow: Flow): void;
  /** An association has ended. */
  closed(flow: Flow): void;
}

export interface DtlsSipTransportOptions {
  readonly local: Peer;
  readonly sentBy: string;
  readonly handler: DtlsSipHandler;
  /** Gives the server of the associations, which tells `user` of them. */
  readonly open: (user: ChannelUser) => ChannelServer;
}

/** What one record carries (RFC 5246 6.2.1), and so one SIP message. */
const LARGEST_MESSAGE_OCTETS = 16_384;

/**
 * SIP over DTLS over UDP: unreliable, and one flow an association. Whatever goes to a peer goes over its association, wherever
 * that has moved to; the gateway opens none by itself.
 */
export class DtlsSipTransport implements Transport, ChannelUser {
  readonly protocol = DTLS_VIA_TRANSPORT;
  readonly reliable = false;
  readonly local: Peer;
  readonly sentBy: string;
  readonly channel: ChannelServer;
  readonly counters = { received: 0, sent: 0, sendErrors: 0, sendBufferFull: 0, notDtls: 0 };
  readonly #handler: DtlsSipHandler;
  readonly #flows = new Map<number, AssociationFlow>();
  /** By where they are now, for requests to an address. */
  readonly #byAddress = new Map<string, AssociationFlow>();

  constructor({ local, sentBy, handler, open }: DtlsSipTransportOptions) {
    this.local = local;
    this.sentBy = sentBy;
    this.#handler = handler;
    this.channel = open(this);
  }

  /** Takes a datagram with DTLS records, from the socket or from another worker. */
  receiveDatagram(datagram: Buffer, peer: Peer): void {
    this.channel.receive(datagram, peer);
  }

  send(text: Buffer | string, peer: Peer): boolean {
    const message = octetsOf(text);
    const association = this.#find(peer);
    if (association === undefined || message.length > LARGEST_MESSAGE_OCTETS) {
      this.counters.sendErrors++;
      return false;
    }
    const { dtls } = association;
    if (dtls.send(message)) {
      this.counters.sent++;
      return true;
    }
    const isLost = dtls.isOpen && message.length <= dtls.maximumSend;
    if (isLost) this.counters.sendBufferFull++;
    else this.counters.sendErrors++;
    return isLost;
  }

  isConnected(peer: Peer): boolean {
    return this.#find(peer)?.dtls.isOpen === true;
  }

  isAuthenticated(peer: Peer): boolean {
    return peer instanceof AssociationPeer && peer.identity !== undefined && peer.dtls.isOpen;
  }

  /** The flow of an association by its number. */
  flow(association: number): Flow | undefined {
    return this.#flows.get(association);
  }

  async close(): Promise<void> {
    await this.channel.close();
  }

  onOpened(peer: AssociationPeer): boolean {
    const flow = { transport: this, peer, key: addressKey(peer) };
    this.#flows.set(peer.association, flow);
    this.#byAddress.set(flow.key, flow);
    return true;
  }

  onMessage(data: Buffer, peer: AssociationPeer): void {
    const flow = this.#flows.get(peer.association);
    if (flow === undefined) return;
    this.counters.received++;
    this.#handler.receive(data, flow);
  }

  onMoved(peer: AssociationPeer): void {
    const flow = this.#flows.get(peer.association);
    if (flow === undefined) return;
    this.#forgetAddress(flow);
    flow.key = addressKey(peer);
    this.#byAddress.set(flow.key, flow);
  }

  onClosed(peer: AssociationPeer): void {
    const flow = this.#flows.get(peer.association);
    if (flow === undefined) return;
    this.#flows.delete(peer.association);
    this.#forgetAddress(flow);
    this.#handler.closed(flow);
  }

  #find(peer: Peer): AssociationPeer | undefined {
    if (peer instanceof AssociationPeer) return peer;
    if (peer.association !== undefined) return this.channel.find(peer.association);
    return this.#byAddress.get(peerKey(peer))?.peer;
  }

  /** The address may be another association's already. */
  #forgetAddress(flow: AssociationFlow): void {
    if (this.#byAddress.get(flow.key) === flow) this.#byAddress.delete(flow.key);
  }
}

interface AssociationFlow extends Flow {
  readonly peer: AssociationPeer;
  key: string;
}

function addressKey({ address, port }: AssociationPeer): string {
  return peerKey({ address, port });
}
