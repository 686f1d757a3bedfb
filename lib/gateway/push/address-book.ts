import { publicIdentity, recipientKey, type Recipient, type UdpAddress } from '../../../push/index.ts';
import { parseUdpAddress, type PushAddressConfig } from '../../config/index.ts';

interface Entry {
  readonly udp: UdpAddress | undefined;
  readonly msisdn: string | undefined;
}

/** Where carriers find those whose identity is not enough: `gateway.push.addresses`. A reload replaces what is in it. */
export class AddressBook {
  #entries: ReadonlyMap<string, Entry> = new Map();

  constructor(addresses: readonly PushAddressConfig[]) {
    this.replace(addresses);
  }

  get size(): number {
    return this.#entries.size;
  }

  replace(addresses: readonly PushAddressConfig[]): void {
    this.#entries = new Map(
      addresses.map(({ recipient, udp, msisdn }) => [
        recipientKey({ type: publicIdentity(recipient) === undefined ? 'impi' : 'impu', value: recipient }),
        { udp: udp === undefined ? undefined : parseUdpAddress(udp), msisdn },
      ]),
    );
  }

  udp(recipient: Recipient): UdpAddress | undefined {
    return this.#entries.get(recipientKey(recipient))?.udp;
  }

  msisdn(recipient: Recipient): string | undefined {
    return this.#entries.get(recipientKey(recipient))?.msisdn;
  }
}
