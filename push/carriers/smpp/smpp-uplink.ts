import { TokenBucket } from '../../token-bucket.ts';
import type { UplinkHandler } from '../carrier.ts';
import { ESME_ROK, ESME_RX_T_APPN } from './command-status.ts';
import { parseDeliveryReceipt, type DeliveryReceipt } from './delivery-receipt.ts';
import { Reassembler } from './reassembler.ts';
import type { SmppCarrierSettings } from './smpp-carrier-settings.ts';
import type { SmppFields } from './smpp-session.ts';
import { parseUserData } from './user-data-header.ts';
import { parseWspPush } from './wsp-push.ts';

export interface SmppUplinkOptions {
  readonly settings: SmppCarrierSettings;
  readonly uplink: UplinkHandler;
  readonly onReceipt: (receipt: DeliveryReceipt) => void;
}

/** esm_class (SMPP 3.4 5.2.12): message type, and the user data header indicator. */
const MESSAGE_TYPE = 0x3c;
const DELIVERY_RECEIPT = 0x04;
const UDH_INDICATOR = 0x40;

/** What an SMSC delivers to us: receipts of its own, and short messages that agents sent. */
export class SmppUplink {
  readonly counters = { received: 0, dropped: 0, ignored: 0 };
  readonly reassembler: Reassembler;
  readonly #options: SmppUplinkOptions;
  readonly #bucket: TokenBucket;

  constructor(options: SmppUplinkOptions) {
    this.#options = options;
    const { reassembly, uplinkPerSecond } = options.settings;
    this.reassembler = new Reassembler({ ...reassembly, now: () => performance.now() });
    this.#bucket = new TokenBucket(uplinkPerSecond, uplinkPerSecond, () => performance.now());
  }

  /** The command_status for the SMSC: what is of no use is taken all the same, or it would come again for ever. */
  deliver(fields: SmppFields): number {
    const { esm_class: esmClass } = fields;
    const type = typeof esmClass === 'number' ? esmClass & MESSAGE_TYPE : 0;
    if (type === DELIVERY_RECEIPT) {
      const receipt = parseDeliveryReceipt(fields);
      if (receipt === undefined) this.counters.ignored++;
      else this.#options.onReceipt(receipt);
      return ESME_ROK;
    }
    // Acknowledgements of users, and notifications on the way, say nothing that we need.
    if (type !== 0) {
      this.counters.ignored++;
      return ESME_ROK;
    }
    if (this.#bucket.take() > 0) {
      this.counters.dropped++;
      return ESME_RX_T_APPN;
    }
    this.#message(fields, typeof esmClass === 'number' && (esmClass & UDH_INDICATOR) !== 0);
    return ESME_ROK;
  }

  #message(fields: SmppFields, hasHeader: boolean): void {
    const octets = octetsOf(fields);
    const data = octets !== undefined && hasHeader ? parseUserData(octets) : undefined;
    if (octets === undefined || octets.length === 0 || (hasHeader && data === undefined)) {
      this.counters.ignored++;
      return;
    }
    const concatenation = data?.header.concatenation;
    const part = data?.body ?? octets;
    const whole = concatenation === undefined ? part : this.reassembler.add(senderOf(fields), concatenation, part);
    if (whole === undefined) return;
    const isPush = data?.header.ports?.destination === this.#options.settings.ports.destination;
    const push = isPush ? parseWspPush(whole)?.body : whole;
    if (push === undefined) {
      this.counters.ignored++;
      return;
    }
    this.counters.received++;
    // A copy: the octets that came are part of a larger buffer.
    this.#options.uplink(Buffer.from(push));
  }
}

/** A long message stands in the optional parameter in place of short_message (SMPP 3.4 5.3.2.32). */
function octetsOf({ short_message: short, message_payload: payload }: SmppFields): Buffer | undefined {
  if (Buffer.isBuffer(short) && short.length > 0) return short;
  return Buffer.isBuffer(payload) ? payload : undefined;
}

function senderOf({ source_addr: source, destination_addr: destination }: SmppFields): string {
  return `${String(source)} ${String(destination)}`;
}
