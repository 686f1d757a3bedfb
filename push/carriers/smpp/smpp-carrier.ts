import type { Duplex } from 'node:stream';

import { SYSTEM_CLOCK, type Clock } from '../../dispatch/clock.ts';
import type { Recipient } from '../../message/index.ts';
import type { Carrier, CarrierFailure, CarrierResult, Delivery, UplinkHandler } from '../carrier.ts';
import { ESME_ROK, statusMeaning } from './command-status.ts';
import { ReceiptTracker } from './receipt-tracker.ts';
import { formatSegments } from './segments.ts';
import { msisdnAddress, type SmppAddress } from './smpp-address.ts';
import type { SmppCarrierSettings } from './smpp-carrier-settings.ts';
import { connectSmsc, type SmppEndpoint } from './smpp-connection.ts';
import { SmppLink, type SmppAccount, type SmppLinkEvent, type SmppLinkState } from './smpp-link.ts';
import type { SmppFields, SmppOutcome } from './smpp-session.ts';
import { SmppUplink } from './smpp-uplink.ts';
import { SubmitWindow } from './submit-window.ts';
import { formatAbsoluteTime } from './validity-period.ts';
import { formatWspPush, isWspText } from './wsp-push.ts';

export interface SmppCarrierOptions {
  readonly endpoint: SmppEndpoint;
  readonly account: SmppAccount;
  readonly settings: SmppCarrierSettings;
  /** The telephone number of a subscriber's device, as digits or a `tel:` URI; undefined for one without. */
  readonly addressOf: (recipient: Recipient) => string | undefined;
  readonly uplink: UplinkHandler;
  readonly onEvent?: (event: SmppLinkEvent) => void;
  readonly clock?: Clock;
  /** From 0 to 1. */
  readonly random?: () => number;
  /** In place of a connection to `endpoint`. */
  readonly connect?: (ready: () => void) => Duplex;
}

/** esm_class: default mode and type, with a user data header. */
const ESM_CLASS_UDH = 0x40;

/** data_coding: octets, 8 bit (TS 23.038 4). */
const DATA_CODING_OCTETS = 0x04;

/** registered_delivery (SMPP 3.4 5.2.17). */
const REGISTERED_DELIVERY = { none: 0, all: 1, failure: 2 } as const;

/** Packages as short messages: connectionless WSP pushes to an SMSC over SMPP 3.4 (TS 24.109 J.2). */
export class SmppCarrier implements Carrier {
  readonly name = 'smpp';
  readonly #counters = { sent: 0, segments: 0, refused: 0, throttled: 0, overflows: 0 };
  readonly #options: SmppCarrierOptions;
  readonly #clock: Clock;
  readonly #link: SmppLink;
  readonly #window: SubmitWindow;
  readonly #receipts: ReceiptTracker;
  readonly #uplink: SmppUplink;
  #reference: number;
  #throttledUntil = 0;

  constructor(options: SmppCarrierOptions) {
    const { clock = SYSTEM_CLOCK, random = Math.random, settings, endpoint } = options;
    this.#options = options;
    this.#clock = clock;
    this.#reference = Math.floor(random() * 0x1_0000) & 0xffff;
    this.#receipts = new ReceiptTracker(settings.maximumAwaitedReceipts);
    this.#uplink = new SmppUplink({
      settings,
      uplink: options.uplink,
      onReceipt: (receipt) => {
        this.#receipts.receive(receipt);
      },
    });
    this.#window = new SubmitWindow({
      maximumOutstanding: settings.maximumOutstanding,
      maximumWaiting: settings.maximumWaiting,
      perSecond: settings.submitsPerSecond,
      clock,
    });
    this.#link = new SmppLink({
      connect: options.connect ?? ((ready) => connectSmsc(endpoint, ready)),
      account: options.account,
      settings,
      clock,
      random,
      onDeliver: (fields) => this.#uplink.deliver(fields),
      onEvent: options.onEvent,
    });
  }

  get state(): SmppLinkState {
    return this.#link.state;
  }

  /** All that is counted, by one name each. */
  get counters(): Readonly<Record<string, number>> {
    const { delivered, failed, unmatched, untracked } = this.#receipts.counters;
    const { received, dropped, ignored } = this.#uplink.counters;
    const { refused, expired, doubled } = this.#uplink.reassembler.counters;
    return {
      ...this.#counters,
      ...this.#link.counters,
      receiptsDelivered: delivered,
      receiptsFailed: failed,
      receiptsUnmatched: unmatched,
      receiptsUntracked: untracked,
      uplinkReceived: received,
      uplinkDropped: dropped,
      uplinkIgnored: ignored,
      reassemblyRefused: refused,
      reassemblyExpired: expired,
      reassemblyDoubled: doubled,
    };
  }

  canReach(recipient: Recipient): boolean {
    return this.#addressOf(recipient) !== undefined;
  }

  async deliver(delivery: Delivery): Promise<CarrierResult> {
    const address = this.#addressOf(delivery.recipient);
    if (address === undefined) return failure('no-address', false);
    const segments = this.#segmentsOf(delivery);
    if (typeof segments === 'string') return failure(segments, false);
    const common = this.#fields(address, delivery.deliverBefore);
    let fail: (undelivered: CarrierFailure) => void = () => undefined;
    const undelivered = new Promise<CarrierFailure>((resolve) => {
      fail = resolve;
    });
    // One after the other: when one is refused, those after it would be of no use.
    for (const octets of segments) {
      const wait = this.#throttledUntil - this.#clock.now();
      if (wait > 0) return { ...failure('smpp-throttled', true), retryAfterMilliseconds: wait };
      const failed = await this.#submit({ ...common, short_message: octets }, delivery.answered, fail);
      if (failed !== undefined) return failed;
    }
    this.#counters.sent++;
    return this.#options.settings.receipts === 'none' ? { outcome: 'sent' } : { outcome: 'sent', undelivered };
  }

  async close(): Promise<void> {
    const closed = this.#link.close();
    this.#window.release();
    await closed;
  }

  #addressOf(recipient: Recipient): SmppAddress | undefined {
    const number = this.#options.addressOf(recipient);
    return number === undefined ? undefined : msisdnAddress(number, this.#options.settings.destinationKind);
  }

  /** User data of each short message, or why there is none. */
  #segmentsOf({ octets, contentType, applicationId }: Delivery): readonly Buffer[] | string {
    const { ports, referenceBits, maximumSegments, applicationCodes } = this.#options.settings;
    const application =
      applicationId === undefined ? undefined : (applicationCodes.get(applicationId) ?? applicationId);
    if (!isWspText(contentType)) return 'smpp-content-type';
    if (typeof application === 'string' && !isWspText(application)) return 'smpp-application-id';
    this.#reference = (this.#reference + 1) & 0xffff;
    const datagram = formatWspPush({
      transactionId: this.#reference & 0xff,
      contentType,
      body: octets,
      ...(application === undefined ? {} : { applicationId: application }),
    });
    const reference = referenceBits === 8 ? this.#reference & 0xff : this.#reference;
    return formatSegments(datagram, { ports, reference, referenceBits, maximumSegments }) ?? 'too-large';
  }

  #fields(address: SmppAddress, deliverBefore: number): SmppFields {
    const { source, serviceType, maximumValidityMilliseconds, receipts } = this.#options.settings;
    const until = Math.min(deliverBefore, this.#clock.now() + maximumValidityMilliseconds);
    return {
      service_type: serviceType,
      source_addr_ton: source.ton,
      source_addr_npi: source.npi,
      source_addr: source.address,
      dest_addr_ton: address.ton,
      dest_addr_npi: address.npi,
      destination_addr: address.address,
      esm_class: ESM_CLASS_UDH,
      protocol_id: 0,
      priority_flag: 0,
      schedule_delivery_time: '',
      validity_period: formatAbsoluteTime(until),
      registered_delivery: REGISTERED_DELIVERY[receipts],
      replace_if_present_flag: 0,
      data_coding: DATA_CODING_OCTETS,
      sm_default_msg_id: 0,
    };
  }

  /** Undefined when the SMSC has it. */
  #submit(
    fields: SmppFields,
    answered: AbortSignal,
    fail: (undelivered: CarrierFailure) => void,
  ): Promise<CarrierFailure | undefined> {
    return new Promise((resolve) => {
      const begun = this.#window.run((finished) => {
        this.#link.request('submit_sm', fields, (outcome) => {
          // At once, since a receipt may follow in the same octets.
          const failed = this.#judge(outcome);
          if (failed === undefined && typeof outcome === 'object' && this.#options.settings.receipts !== 'none') {
            const { message_id: messageId } = outcome.fields;
            if (typeof messageId === 'string') this.#receipts.track(messageId, answered, fail);
          }
          finished();
          resolve(failed);
        });
      });
      if (begun) return;
      this.#counters.overflows++;
      resolve(failure('smpp-busy', true));
    });
  }

  #judge(outcome: SmppOutcome): CarrierFailure | undefined {
    if (outcome === 'ended') return failure('smpp-unbound', true);
    if (outcome === 'timeout') return failure('smpp-timeout', true);
    if (outcome === 'malformed') return failure('smpp-malformed', true);
    if (outcome.status === ESME_ROK && outcome.command !== 'generic_nack') {
      this.#counters.segments++;
      return undefined;
    }
    const { temporary, throttling, reason } = statusMeaning(outcome.status);
    if (!throttling) {
      this.#counters.refused++;
      return failure(reason, temporary);
    }
    const { throttlePauseMilliseconds } = this.#options.settings;
    this.#counters.throttled++;
    this.#throttledUntil = this.#clock.now() + throttlePauseMilliseconds;
    return { ...failure(reason, true), retryAfterMilliseconds: throttlePauseMilliseconds };
  }
}

function failure(reason: string, temporary: boolean): CarrierFailure {
  return { outcome: 'failed', temporary, reason };
}
