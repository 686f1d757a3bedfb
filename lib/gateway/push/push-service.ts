import type { KeyCentre } from '../../../kmc/index.ts';
import { NafId, UaSecurityProtocolId } from '../../../kmc/index.ts';
import {
  GatewayAssociations,
  GpiCodecV1,
  PushDesk,
  PushDispatcher,
  SqlitePushQueue,
  type Carrier,
} from '../../../push/index.ts';
import { pushFqdn, type GatewayConfig, type PushConfig } from '../../config/index.ts';
import type { Logger, Metrics, Status } from '../../ops/index.ts';
import { initiatorsOf, openInitiatorServer, type InitiatorServer } from '../../push/initiators/index.ts';
import { pushGsids } from '../push-associations.ts';
import { AddressBook } from './address-book.ts';
import { GatewayAssociationStore } from './association-store.ts';
import { openCarriers } from './open-carriers.ts';
import { PushMeter, publishPushMetrics, publishSipPushMetrics } from './push-metrics.ts';
import type { SipPushParts } from './sip-parts.ts';

export interface PushServiceParts {
  readonly gateway: GatewayConfig;
  readonly push: PushConfig;
  readonly keyCentre: KeyCentre;
  /** Seals the NAF SAs; 32 octets. */
  readonly secret: Buffer;
  readonly sip: SipPushParts;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

interface Opened {
  readonly queue: SqlitePushQueue;
  readonly store: GatewayAssociationStore;
  readonly carriers: readonly Carrier[];
  readonly addresses: AddressBook;
  readonly dispatcher: PushDispatcher;
  readonly server: InitiatorServer;
}

/** GBA Push as the gateway runs it: queue, NAF SAs, dispatcher, carriers, and the server of the initiators. */
export class PushService {
  readonly #opened: Opened;
  readonly #grace: number;
  #finished: Promise<void> | undefined;

  private constructor(opened: Opened, graceMilliseconds: number) {
    this.#opened = opened;
    this.#grace = graceMilliseconds;
  }

  /** @throws PushError OSGATE_PUSH_QUEUE; OsgateError OSGATE_STORE, OSGATE_CONFIG_INVALID; the system's error for an address */
  static async open(parts: PushServiceParts): Promise<PushService> {
    const { gateway, push, keyCentre, secret, metrics, logger } = parts;
    const closing: { close(): Promise<void> }[] = [];
    try {
      const initiators = initiatorsOf(push.initiators);
      const bounds = new Map(initiators.map(({ name, maximumOpenPushes }) => [name, maximumOpenPushes]));
      const queue = SqlitePushQueue.open({
        ...push.queue,
        maximumPushesOfInitiator: (name) => bounds.get(name),
        retentionMilliseconds: push.queue.retentionSeconds * 1000,
      });
      closing.push(queue);
      const store = new GatewayAssociationStore({ ...push.associations, secret });
      closing.push(store);
      const addresses = new AddressBook(push.addresses);
      const late: { dispatcher?: PushDispatcher } = {};
      const { carriers, counters, sip } = await openCarriers(push.carriers, {
        addresses,
        uplink: (octets) => late.dispatcher?.uplink(octets),
        logger,
        sip: parts.sip,
      });
      closing.push(...carriers);
      if (sip !== undefined) publishSipPushMetrics(metrics, sip);
      const meter = new PushMeter(logger);
      const dispatcher = new PushDispatcher({
        queue,
        keyCentre,
        codec: new GpiCodecV1(),
        nafId: new NafId(pushFqdn(gateway), UaSecurityProtocolId.parse(push.uaSecurityProtocolId)),
        gsids: pushGsids(gateway),
        carriers,
        associations: new GatewayAssociations({ store }),
        settings: push.dispatch,
        onAttempt: meter.attempted,
        onError: meter.failed,
      });
      late.dispatcher = dispatcher;
      const wake = dispatcher.wake.bind(dispatcher);
      const desk = new PushDesk({ ...push.initiators, queue, initiators, onAccepted: wake });
      const server = await openInitiatorServer(push.initiators, { desk, queue, logger });
      publishPushMetrics(metrics, { queue, store, dispatcher, desk, server, meter, carriers: counters });
      dispatcher.start();
      return new PushService(
        { queue, store, carriers, addresses, dispatcher, server },
        gateway.shutdownGraceMilliseconds,
      );
    } catch (error) {
      for (const part of closing.reverse()) await part.close();
      throw error;
    }
  }

  /** The TCP port of the server for initiators. */
  get port(): number {
    return this.#opened.server.port;
  }

  /** Takes on what of another configuration a running gateway takes on. */
  renew({ addresses }: PushConfig): void {
    this.#opened.addresses.replace(addresses);
    // Who waits for a way to its agent may have one now, and is tried when its time has come.
    this.#opened.dispatcher.wake();
  }

  status(): Status {
    const { queue, store, carriers, addresses, dispatcher } = this.#opened;
    return {
      initiatorsPort: this.port,
      carriers: carriers.map(({ name }) => name),
      addresses: addresses.size,
      queue: queue.depth,
      associations: store.size,
      ...dispatcher.counters,
    };
  }

  /** Takes no more pushes, and waits for those under way at most the grace; what has no receipt then stays in the queue. */
  async finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** {@link finish}, and frees everything. */
  async close(): Promise<void> {
    await this.finish();
    const { carriers, store, queue } = this.#opened;
    await Promise.all(carriers.map((carrier) => carrier.close()));
    await store.close();
    await queue.close();
  }

  async #finish(): Promise<void> {
    await this.#opened.server.close();
    await this.#opened.dispatcher.stop(this.#grace);
  }
}
