import { SmppCarrier, UdpCarrier, type Carrier, type UplinkHandler } from '../../../push/index.ts';
import type { PushCarrierConfig, UdpCarrierConfig } from '../../config/index.ts';
import type { SmppCarrierConfig } from '../../config/push-smpp.ts';
import type { Logger } from '../../ops/index.ts';
import { smppOptionsOf } from '../../push/smpp/smpp-options.ts';
import type { AddressBook } from './address-book.ts';
import { openSipPush, type SipPush, type SipPushParts } from './sip-parts.ts';

export interface CarrierParts {
  readonly addresses: AddressBook;
  readonly uplink: UplinkHandler;
  readonly logger: Logger;
  readonly sip: SipPushParts;
}

/** What was opened. */
export interface OpenedCarriers {
  readonly carriers: readonly Carrier[];
  /** What each carrier counts, by its name. */
  readonly counters: () => Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly sip: SipPush | undefined;
}

type Counted = Carrier & { readonly counters: Readonly<Record<string, number>> };

/** Opens the carriers of the configuration, in its order. @throws the system's error when an address cannot be bound */
export async function openCarriers(
  settings: readonly PushCarrierConfig[],
  parts: CarrierParts,
): Promise<OpenedCarriers> {
  const carriers: Counted[] = [];
  let sip: SipPush | undefined;
  try {
    for (const config of settings) {
      switch (config.type) {
        case 'sip':
          sip = openSipPush(config, parts.sip, parts.uplink);
          if (sip !== undefined) carriers.push(sip.carrier);
          break;
        case 'udp':
          carriers.push(await openUdp(config, parts));
          break;
        case 'smpp':
          carriers.push(await openSmpp(config, parts));
      }
    }
    const counters = (): Record<string, Readonly<Record<string, number>>> =>
      Object.fromEntries(carriers.map((carrier) => [carrier.name, carrier.counters]));
    return { carriers, counters, sip };
  } catch (error) {
    await Promise.all(carriers.map((carrier) => carrier.close()));
    throw error;
  }
}

async function openUdp(config: UdpCarrierConfig, { addresses, uplink, logger }: CarrierParts): Promise<UdpCarrier> {
  const carrier = await UdpCarrier.open({ ...config, addressOf: addresses.udp.bind(addresses), uplink });
  const { address, port } = carrier.local;
  logger.info({ event: 'listening', interface: 'push-udp', address, port }, 'listening for push agents');
  return carrier;
}

/** It connects to the SMSC in the background, and again whenever the connection is lost. */
async function openSmpp(config: SmppCarrierConfig, { addresses, uplink, logger }: CarrierParts): Promise<SmppCarrier> {
  const { host, port } = config;
  return new SmppCarrier({
    ...(await smppOptionsOf(config)),
    addressOf: addresses.msisdn.bind(addresses),
    uplink,
    onEvent: ({ kind, ...facts }) => {
      logger[kind === 'bound' ? 'info' : 'warn']({ event: `smsc-${kind}`, host, port, ...facts }, `SMSC: ${kind}`);
    },
  });
}
