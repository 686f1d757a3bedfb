import type {
  AgentAssociations,
  AgentOpening,
  AssociationStore,
  GpiReceiver,
  GpiRefusal,
} from '../association/index.ts';
import { SerialWork } from '../association/serial-work.ts';
import { parseGpiEnvelope } from '../envelope/index.ts';
import { parsePushLayerMessage, type PushLayerMessage } from '../layer/index.ts';
import {
  formatPushPackage,
  formatPushReceipt,
  parsePushContent,
  parsePushPackage,
  type PushContent,
  type PushReceipt,
} from '../message/index.ts';

/**
 * What a push is for.
 *
 * @param gateway the FQDN of the gateway that it came from
 */
export type PushApplication = (content: PushContent, gateway: string) => Promise<PushReceipt['outcome']>;

export interface PushReceiverOptions {
  readonly gpi: GpiReceiver;
  readonly associations: AgentAssociations;
  /** Ids of pushes that the application has; kept until they cannot come again. */
  readonly delivered: AssociationStore<true>;
  /** Gets each push once. One that rejects has failed, and gets the push again. */
  readonly application: PushApplication;
}

export type Reception =
  | { readonly outcome: PushReceipt['outcome']; readonly id: string; readonly duplicate: boolean }
  /** Keys alone came, and are there for a message that follows. */
  | { readonly outcome: 'association-made' }
  | { readonly outcome: 'synchronisation-failure' }
  | { readonly outcome: 'ignored'; readonly reason: GpiRefusal | Extract<AgentOpening, { ok: false }>['failure'] };

/** The agent's end of Upa: packages in, content to the application, receipts out. It answers only what was proven. */
export class PushReceiver {
  readonly #options: PushReceiverOptions;
  readonly #work = new SerialWork();

  constructor(options: PushReceiverOptions) {
    this.#options = options;
  }

  /** `reply` is the package for the gateway, where there is something to say. */
  async receive(octets: Buffer): Promise<{ readonly reception: Reception; readonly reply?: Buffer }> {
    const parts = parsePushPackage(octets);
    if (parts === undefined || (parts.envelope === undefined && parts.message === undefined))
      return ignored('malformed');
    if (parts.envelope !== undefined) {
      const envelope = parseGpiEnvelope(parts.envelope);
      if (envelope === undefined) return ignored('malformed');
      const outcome = await this.#options.gpi.receive(envelope.gpi);
      if (outcome.outcome === 'synchronisation-failure') {
        const { rand, auts } = outcome;
        const reply = formatPushPackage({ resynchronisation: { rand, auts } });
        return { reception: { outcome: 'synchronisation-failure' }, reply };
      }
      if (outcome.outcome === 'refused') return ignored(outcome.reason);
    }
    if (parts.message === undefined) return { reception: { outcome: 'association-made' } };
    const message = parsePushLayerMessage(parts.message);
    return message === undefined ? ignored('malformed') : this.#receiveMessage(message);
  }

  async #receiveMessage(
    message: PushLayerMessage,
  ): Promise<{ readonly reception: Reception; readonly reply?: Buffer }> {
    const { associations } = this.#options;
    const opening = await associations.open(message);
    if (!opening.ok) return ignored(opening.failure);
    const content = parsePushContent(opening.text);
    if (content === undefined || message.association.direction !== 'downlink') return ignored('malformed');
    const { rand, naf } = message.association;
    const { outcome, duplicate } = await this.#work.run(content.id, () => this.#handOn(content, naf));
    const receipt = await associations.seal(rand, naf, formatPushReceipt({ id: content.id, outcome }));
    const reception = { outcome, id: content.id, duplicate };
    return receipt === undefined ? { reception } : { reception, reply: formatPushPackage({ message: receipt }) };
  }

  async #handOn(
    content: PushContent,
    gateway: string,
  ): Promise<{ outcome: PushReceipt['outcome']; duplicate: boolean }> {
    const { delivered, application } = this.#options;
    if ((await delivered.get(content.id)) === true) return { outcome: 'delivered', duplicate: true };
    const outcome = await application(content, gateway).catch((): PushReceipt['outcome'] => 'failed');
    // After the application has it: of an agent that dies in between the application gets the push again, with its id.
    if (outcome === 'delivered')
      await delivered.put(content.id, true, content.deliverBefore + CLOCK_GRACE_MILLISECONDS);
    return { outcome, duplicate: false };
  }
}

/** The gateway's clock may be behind the agent's. */
const CLOCK_GRACE_MILLISECONDS = 3_600_000;

function ignored(reason: Extract<Reception, { outcome: 'ignored' }>['reason']): { readonly reception: Reception } {
  return { reception: { outcome: 'ignored', reason } };
}
