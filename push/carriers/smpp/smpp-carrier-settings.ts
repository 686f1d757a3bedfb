import type { SmppAddress, NumberKind } from './smpp-address.ts';
import type { SmppLinkSettings } from './smpp-link.ts';
import type { WdpPorts } from './user-data-header.ts';

/** How pushes go as short messages. All numbers are positive. */
export interface SmppCarrierSettings extends SmppLinkSettings {
  /** Where short messages come from; an address without octets lets the SMSC choose. */
  readonly source: SmppAddress;
  readonly destinationKind: NumberKind;
  /** service_type, at most 5 octets; usually empty. */
  readonly serviceType: string;
  /** Destination 2948 and source 9200 are those of a connectionless WSP push. */
  readonly ports: WdpPorts;
  /** Of the reference that joins the parts of a long message. */
  readonly referenceBits: 8 | 16;
  /** Short messages for one push; one that needs more is not sent. */
  readonly maximumSegments: number;
  /** Numbers of applications (X-Wap-Application-Id); all others go as text. */
  readonly applicationCodes: ReadonlyMap<string, number>;
  /** What the SMSC is asked to tell of the fate of a message. */
  readonly receipts: 'none' | 'failure' | 'all';
  /** Messages whose receipts are waited for at once. */
  readonly maximumAwaitedReceipts: number;
  /** The longest time that an SMSC is asked to try, whatever `deliverBefore` says. */
  readonly maximumValidityMilliseconds: number;
  /** submit_sm without a response at once. */
  readonly maximumOutstanding: number;
  /** submit_sm that wait for their turn; a push whose turn cannot come is put off. */
  readonly maximumWaiting: number;
  readonly submitsPerSecond: number;
  /** For how long nothing is sent after the SMSC said that it has too much to do. */
  readonly throttlePauseMilliseconds: number;
  /** Messages of subscribers in a second that are read, of all together; for more the SMSC is told to come again later. */
  readonly uplinkPerSecond: number;
  readonly reassembly: {
    readonly maximumMessages: number;
    readonly maximumMessagesPerSender: number;
    readonly maximumSegments: number;
    readonly timeoutMilliseconds: number;
  };
}
