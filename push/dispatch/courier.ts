import type { GatewayAssociations } from '../association/index.ts';
import type { Carrier, CarrierFailure } from '../carriers/index.ts';
import {
  formatPushContent,
  formatPushPackage,
  PUSH_PACKAGE_CONTENT_TYPE,
  type PushPackage,
  type PushReceipt,
} from '../message/index.ts';
import type { QueuedPush } from '../queue/index.ts';
import type { AssociationMaker, NewAssociation } from './association-maker.ts';
import type { DispatchSettings } from './dispatch-settings.ts';
import type { AgentAnswer, Receipts } from './receipts.ts';

export interface CourierOptions {
  readonly carriers: readonly Carrier[];
  readonly associations: GatewayAssociations;
  readonly maker: AssociationMaker;
  readonly receipts: Receipts;
  readonly settings: DispatchSettings;
  /** Takes the package that an agent answered with; its receipt or resynchronisation comes by `receipts`. */
  readonly readReply: (octets: Buffer) => Promise<PushPackage | undefined>;
}

/** How one attempt to deliver one push ended; `attempted` when a carrier had it. */
export type CourierOutcome = { readonly attempted: boolean; readonly carrier?: string } & (
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'undeliverable'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly retryAfterMilliseconds?: number }
);

/** Either a NAF SA that the agent has, or a new one with what gives it to the agent. */
type Session = Pick<NewAssociation, 'ptid'> & Partial<NewAssociation>;

type CarriedOutcome = CourierOutcome | { readonly outcome: 'resynchronise'; readonly answer: AgentAnswer };

const NO_RECEIPT = 'no-receipt';

/** The USIM. */
const APPLICATION_LABEL = Buffer.alloc(0);

/** Makes one attempt to deliver a push: NAF SA, package, carriers in turn, receipt, and one resynchronisation if it must be. */
export class Courier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  async deliver(push: QueuedPush): Promise<CourierOutcome> {
    const carriers = await this.#carriersFor(push);
    if (carriers.length === 0) return { outcome: 'failed', attempted: false, reason: 'no-carrier' };
    const ptid = this.#options.maker.confirmed(push.message.recipient);
    if (ptid === undefined) return this.#deliverWithNew(push, carriers);
    const outcome = await this.#carry(push, carriers, { ptid });
    if (outcome.outcome !== 'delivered') this.#options.maker.doubt(push.message.recipient, ptid);
    return outcome.outcome === 'resynchronise' ? failed(NO_RECEIPT) : outcome;
  }

  async #deliverWithNew(push: QueuedPush, carriers: readonly Carrier[]): Promise<CourierOutcome> {
    const { maker } = this.#options;
    const { recipient } = push.message;
    const session = await maker.make(recipient, APPLICATION_LABEL);
    if ('reason' in session) return refusal(session, false);
    const outcome = await this.#carry(push, carriers, session);
    if (outcome.outcome !== 'resynchronise') return this.#afterwards(push, session.ptid, outcome);
    await maker.abandon(recipient, session.ptid);
    if (outcome.answer.kind !== 'resynchronisation') return failed(NO_RECEIPT);
    const again = await maker.make(recipient, APPLICATION_LABEL, outcome.answer.resynchronisation);
    if ('reason' in again) return refusal(again, true);
    const second = await this.#carry(push, carriers, again);
    if (second.outcome !== 'resynchronise') return this.#afterwards(push, again.ptid, second);
    await maker.abandon(recipient, again.ptid);
    return failed('resynchronisation-failed');
  }

  /** What becomes of a new NAF SA after the attempt that was to give it to the agent. */
  async #afterwards({ message }: QueuedPush, ptid: string, outcome: CourierOutcome): Promise<CourierOutcome> {
    const { maker } = this.#options;
    if (outcome.outcome === 'delivered') return outcome;
    if (outcome.outcome === 'failed' && outcome.reason === NO_RECEIPT) maker.doubt(message.recipient, ptid);
    else await maker.abandon(message.recipient, ptid);
    return outcome;
  }

  async #carriersFor({ message }: QueuedPush): Promise<readonly Carrier[]> {
    const { carriers } = this.#options;
    const reach = await Promise.all(carriers.map(async (carrier) => carrier.canReach(message.recipient)));
    return carriers.filter((_, index) => reach[index] === true);
  }

  /** Gives the package to the carriers in turn, until one has it to which the agent answers. */
  async #carry(push: QueuedPush, carriers: readonly Carrier[], session: Session): Promise<CarriedOutcome> {
    const { associations, maker, receipts, settings } = this.#options;
    const { message, wireId } = push;
    let last: CourierOutcome = failed('no-carrier', false);
    for (const carrier of carriers) {
      const octets = await this.#seal(push, session);
      if (octets === undefined) return failed('association-ended', last.attempted);
      const expected = receipts.expect(wireId, session.rand);
      const answered = new AbortController();
      try {
        const result = await carrier.deliver({
          recipient: message.recipient,
          octets,
          contentType: PUSH_PACKAGE_CONTENT_TYPE,
          deliverBefore: message.deliverBefore,
          answered: answered.signal,
          ...(message.applicationId === undefined ? {} : { applicationId: message.applicationId }),
        });
        if (result.outcome === 'failed') {
          last = failedBy(carrier, result);
          continue;
        }
        if (result.outcome === 'answered' && result.reply !== undefined) await this.#options.readReply(result.reply);
        const waiting = expected.wait(settings.receiptTimeoutMilliseconds);
        const undelivered = result.outcome === 'sent' ? result.undelivered : undefined;
        const answer = await (undelivered === undefined ? waiting : Promise.race([waiting, undelivered]));
        if (answer === undefined) return { ...failed(NO_RECEIPT), carrier: carrier.name };
        if ('outcome' in answer) {
          last = failedBy(carrier, answer);
          continue;
        }
        if (answer.kind === 'resynchronisation') return { outcome: 'resynchronise', answer };
        const association = await associations.find(session.ptid);
        if (association !== undefined) maker.confirm(message.recipient, session.ptid, association.expiresAt);
        return { ...outcomeOf(answer.receipt), carrier: carrier.name };
      } finally {
        answered.abort();
        expected.forget();
      }
    }
    return last;
  }

  /** Sealed anew for each carrier, so that no two packages have one number. */
  async #seal({ message, wireId }: QueuedPush, { ptid, envelope }: Session): Promise<Buffer | undefined> {
    const { content, contentType: type, applicationId, messageClass, deliverBefore } = message;
    const application = applicationId === undefined ? {} : { applicationId };
    const kind = messageClass === undefined ? {} : { messageClass };
    const text = formatPushContent({ id: wireId, type, content, deliverBefore, ...application, ...kind });
    const sealed = await this.#options.associations.seal(ptid, text);
    if (sealed === undefined) return undefined;
    return formatPushPackage({ message: sealed, ...(envelope === undefined ? {} : { envelope }) });
  }
}

function outcomeOf({ outcome }: PushReceipt): CourierOutcome {
  switch (outcome) {
    case 'delivered':
      return { outcome: 'delivered', attempted: true };
    case 'refused':
      return { outcome: 'undeliverable', attempted: true, reason: 'refused-by-agent' };
    case 'failed':
      return failed('failed-in-agent');
  }
}

function refusal(failure: { readonly final: boolean; readonly reason: string }, attempted: boolean): CourierOutcome {
  const outcome = failure.final ? 'undeliverable' : 'failed';
  return { outcome, attempted, reason: failure.reason };
}

function failedBy(carrier: Carrier, result: CarrierFailure): CourierOutcome {
  const { reason, retryAfterMilliseconds } = result;
  return {
    ...failed(reason),
    carrier: carrier.name,
    ...(retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds }),
  };
}

function failed(reason: string, attempted = true): CourierOutcome {
  return { outcome: 'failed', attempted, reason };
}
