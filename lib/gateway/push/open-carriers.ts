import { UdpCarrier, type Carrier, type UplinkHandler } from '../../../push/index.ts';
import type { PushConfig } from '../../config/index.ts';
import type { Logger } from '../../ops/index.ts';
import type { AddressBook } from './address-book.ts';

export interface CarrierParts {
  readonly addresses: AddressBook;
  readonly uplink: UplinkHandler;
  readonly logger: Logger;
}

/** What was opened, with what each carrier counts, by its name. */
export interface OpenedCarriers {
  readonly carriers: readonly Carrier[];
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Opens the carriers of the configuration, in its order. @throws the system's error when an address cannot be bound */
export async function openCarriers(
  settings: PushConfig['carriers'],
  { addresses, uplink, logger }: CarrierParts,
): Promise<OpenedCarriers> {
  const carriers: Carrier[] = [];
  const counters: Record<string, Readonly<Record<string, number>>> = {};
  try {
    for (const config of settings) {
      const carrier = await UdpCarrier.open({ ...config, addressOf: addresses.udp.bind(addresses), uplink });
      const { address, port } = carrier.local;
      logger.info({ event: 'listening', interface: 'push-udp', address, port }, 'listening for push agents');
      carriers.push(carrier);
      counters[carrier.name] = carrier.counters;
    }
    return { carriers, counters };
  } catch (error) {
    await Promise.all(carriers.map((carrier) => carrier.close()));
    throw error;
  }
}
