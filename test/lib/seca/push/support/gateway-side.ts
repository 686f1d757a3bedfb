import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';

import { MemoryStore } from '../../../../../lib/store/index.ts';
import {
  GatewayAssociations,
  GpiCodecV1,
  PushDispatcher,
  SqlitePushQueue,
  UdpCarrier,
  formatGpiEnvelope,
  formatPushContent,
  formatPushPackage,
  type GatewayAssociation,
  type PushContent,
  type PushMessage,
  type PushStatus,
} from '../../../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../../../kmc/subscribers/test-subscriber.ts';
import { NAF_ID, PushKeyCentre } from '../../../../push/support/push-key-centre.ts';
import { waitFor } from '../../../../support/dtls-agent.ts';

const TIME = {
  get now() {
    return Date.now();
  },
};

/** The gateway's parts of Upa with a key centre, in this process, on real sockets. */
export class GatewaySide {
  readonly centre = new PushKeyCentre(TIME);
  readonly queue: SqlitePushQueue;
  readonly dispatcher: PushDispatcher;
  readonly udp: UdpCarrier;
  /** Why each attempt ended as it did. */
  readonly reasons: string[] = [];
  readonly #associations = new GatewayAssociations({ store: new MemoryStore<GatewayAssociation>() });
  #port: number;
  #number = 0;

  private constructor(folder: string, port: number, udp: UdpCarrier) {
    this.#port = port;
    this.udp = udp;
    this.queue = SqlitePushQueue.open({
      path: join(folder, 'gateway.sqlite'),
      maximumPushes: 1000,
      maximumPushesOfSubscriber: 100,
      maximumPushesOfInitiator: () => undefined,
      retentionMilliseconds: 3_600_000,
    });
    this.dispatcher = new PushDispatcher({
      queue: this.queue,
      keyCentre: this.centre.keyCentre(),
      codec: new GpiCodecV1(),
      nafId: NAF_ID,
      carriers: [udp],
      associations: this.#associations,
      settings: {
        concurrency: 10,
        receiptTimeoutMilliseconds: 5000,
        initialRetryMilliseconds: 200,
        maximumRetryMilliseconds: 1000,
        keyLifetimeSeconds: 600,
        minimumKeyRestMilliseconds: 10_000,
      },
      onAttempt: (_push, outcome) => {
        this.reasons.push('reason' in outcome ? outcome.reason : outcome.outcome);
      },
    });
    this.dispatcher.start();
  }

  /** @param port where the agent takes datagrams; 0 for none that does */
  static async open(folder: string, port: number): Promise<GatewaySide> {
    const later: { side?: GatewaySide } = {};
    const udp = await UdpCarrier.open({
      host: '127.0.0.1',
      port: 0,
      addressOf: () => {
        const port = later.side === undefined ? 0 : later.side.#port;
        return port === 0 ? undefined : { address: '127.0.0.1', port };
      },
      uplink: (octets) => later.side?.dispatcher.uplink(octets),
      maximumOctets: 1200,
      retransmitMilliseconds: 300,
      maximumCopies: 3,
      uplinkPerSecond: 1000,
    });
    later.side = new GatewaySide(folder, port, udp);
    return later.side;
  }

  /** The agent listens elsewhere now. */
  moveTo(port: number): void {
    this.#port = port;
  }

  async push(changes: Partial<PushMessage> = {}): Promise<string> {
    const id = `push-${++this.#number}`;
    await this.queue.accept({
      id,
      initiator: 'weather',
      recipient: { type: 'impi', value: TEST_SUBSCRIBER.impi },
      contentType: 'text/plain',
      content: Buffer.from(`content of ${id}`),
      priority: 'medium',
      acceptedAt: Date.now(),
      deliverBefore: Date.now() + 60_000,
      ...changes,
    });
    this.dispatcher.wake();
    return id;
  }

  async ended(id: string): Promise<PushStatus> {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      const status = await this.queue.status('weather', id);
      if (status !== undefined && status.state !== 'accepted' && status.state !== 'delivering') return status;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${id} does not end: ${this.reasons.join(' ')}`);
  }

  /** A package with a new GPI and a message under its keys, which nobody has sent. */
  async package(content: Partial<PushContent> = {}): Promise<{ octets: Buffer; gpi: Buffer; ptid: string }> {
    const ptid = `ptid-${++this.#number}`;
    const info = await this.centre
      .keyCentre()
      .pushInfo(this.centre.request({ ptid, requestedExpiresAt: Date.now() + 60_000 }));
    const rand = Buffer.from(new GpiCodecV1().randOf(info.gpi) ?? Buffer.alloc(0));
    await this.#associations.add({
      ptid,
      rand,
      nafId: { fqdn: NAF_ID.fqdn, protocol: NAF_ID.protocol.hex },
      mode: 'GBA_ME',
      nafKey: info.keys.meKeyMaterial,
      createdAt: info.createdAt,
      expiresAt: info.expiresAt,
      nextToSend: 1,
      highestReceived: 0,
      subscriber: TEST_SUBSCRIBER.impi,
    });
    const octets = formatPushPackage({
      envelope: formatGpiEnvelope({ sessionId: 1, gpi: info.gpi }),
      message: await this.seal(ptid, content),
    });
    return { octets, gpi: info.gpi, ptid };
  }

  /** A message of the push layer to the agent. */
  async seal(ptid: string, content: Partial<PushContent> = {}): Promise<Buffer> {
    const text = formatPushContent({
      id: `wire-${++this.#number}`,
      type: 'text/plain',
      content: Buffer.from('where are you?'),
      deliverBefore: Date.now() + 60_000,
      ...content,
    });
    const sealed = await this.#associations.seal(ptid, text);
    if (sealed === undefined) throw new Error('no NAF SA');
    return sealed;
  }

  async close(): Promise<void> {
    await this.dispatcher.stop(0);
    await this.udp.close();
    await this.queue.close();
    this.centre.close();
  }
}

/** Sends datagrams from one port, and keeps what comes back. */
export class DatagramPeer {
  readonly received: Buffer[] = [];
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (datagram: Buffer) => this.received.push(datagram));
  }

  static async open(port: number): Promise<DatagramPeer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DatagramPeer(socket, port);
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }

  async replies(count: number): Promise<readonly Buffer[]> {
    return waitFor(`${count} replies`, () => (this.received.length >= count ? this.received : undefined), 10_000);
  }

  close(): void {
    this.#socket.close();
  }
}
