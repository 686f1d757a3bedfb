import { UdpTransport, type Peer } from '../../sip/index.ts';
import type { CarrierHandlers, DatagramCarrier } from './datagram-carrier.ts';

export interface UdpCarrierOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly gateway: Peer;
}

/** SIP over plain UDP. */
export class UdpCarrier implements DatagramCarrier {
  readonly protocol = 'UDP';
  readonly #options: UdpCarrierOptions;
  #udp: UdpTransport | undefined;

  constructor(options: UdpCarrierOptions) {
    this.#options = options;
  }

  get sentBy(): string {
    return this.#udp?.sentBy ?? '';
  }

  async open({ onMessage }: CarrierHandlers): Promise<void> {
    const { host, port } = this.#options;
    this.#udp = await UdpTransport.open({ host, port }, onMessage);
  }

  send(message: Buffer): void {
    this.#udp?.send(message, this.#options.gateway);
  }

  async close(): Promise<void> {
    await this.#udp?.close();
  }
}
