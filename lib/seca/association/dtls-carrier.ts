import { formatHost } from '../../../sip/index.ts';
import type { CarrierHandlers, DatagramCarrier } from '../datagram-carrier.ts';
import { GatewayAssociation, type GatewayAssociationOptions } from './gateway-association.ts';

export interface DtlsCarrierOptions {
  /** The host in Via and Contact where the client does not say what address it sends from. */
  readonly host: string;
  readonly association: Omit<GatewayAssociationOptions, 'onMessage' | 'onUp'>;
}

/** SIP over a DTLS association with the gateway. */
export class DtlsCarrier implements DatagramCarrier {
  readonly protocol = 'DTLS-UDP';
  readonly transportParameter = 'dtls-udp';
  readonly #options: DtlsCarrierOptions;
  #association: GatewayAssociation | undefined;
  #sentBy = '';

  constructor(options: DtlsCarrierOptions) {
    this.#options = options;
  }

  get sentBy(): string {
    return this.#sentBy;
  }

  async open({ onMessage, onNewWay }: CarrierHandlers): Promise<void> {
    const { host, association } = this.#options;
    this.#association = new GatewayAssociation({
      ...association,
      onMessage,
      onUp: (channel, isAgain) => {
        // Later associations may come from other ports. What Via and Contact say stays: requests come by the association.
        if (isAgain) onNewWay();
        else this.#sentBy = `${formatHost(channel.local?.address ?? host)}:${channel.local?.port ?? 5061}`;
      },
    });
    await this.#association.open();
  }

  send(message: Buffer): void {
    this.#association?.send(message);
  }

  async close(): Promise<void> {
    await this.#association?.close();
  }
}
