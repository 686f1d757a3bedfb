import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openAgentPushStore, type AgentPushStore } from '../../../../../lib/seca/push/agent-push-store.ts';
import {
  derivePushPassword,
  derivePushPsk,
  formatPushPskIdentity,
  GpiCodecV1,
  GpiReceiver,
  PushReceiver,
  type NafSecurityAssociation,
} from '../../../../../push/index.ts';
import { TEST_SUBSCRIBER } from '../../../../kmc/subscribers/test-subscriber.ts';
import { TestCard } from '../../../../push/support/push-key-centre.ts';
import { ALICE, GATEWAY_FQDN, type PushWorld } from './push-world.ts';

/** What anybody needs who is to prove himself by the NAF SA of a push. */
export interface PushedCredentials {
  readonly ptid: string;
  readonly identity: string;
  readonly key: Buffer;
  readonly password: string;
}

/** A device that takes pushes as bare datagrams, and keeps its NAF SAs in the file of `osgate agent`. */
export class PushedAgent {
  readonly port: number;
  readonly #folder: string;
  readonly #socket: Socket;
  readonly #store: AgentPushStore;

  private constructor(folder: string, socket: Socket, store: AgentPushStore) {
    this.#folder = folder;
    this.#socket = socket;
    this.#store = store;
    this.port = socket.address().port;
  }

  static async open(): Promise<PushedAgent> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-pushed-'));
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const store = openAgentPushStore({
      push: { store: join(folder, 'push-agent.sqlite'), maximumAssociations: 100, maximumRemembered: 100 },
    });
    const { associations, delivered } = store;
    const receiver = new PushReceiver({
      gpi: new GpiReceiver({
        codec: new GpiCodecV1(),
        uicc: new TestCard(),
        associations,
        impi: TEST_SUBSCRIBER.impi,
        acceptsNaf: (fqdn) => fqdn === GATEWAY_FQDN,
      }),
      associations,
      delivered,
      application: async () => 'delivered',
    });
    socket.on('message', (octets, from) => {
      void receiver.receive(octets).then(({ reply }) => {
        if (reply !== undefined) socket.send(reply, from.port, from.address);
      });
    });
    return new PushedAgent(folder, socket, store);
  }

  /** Has the gateway push, and gives what the push has left. */
  async pushed(world: PushWorld): Promise<PushedCredentials> {
    const id = await world.push('hello', { recipient: ALICE });
    await world.until(id, ({ state }) => state === 'delivered');
    return credentialsOf(await this.newest());
  }

  async newest(): Promise<NafSecurityAssociation> {
    const association = await this.#store.newest(GATEWAY_FQDN);
    if (association === undefined) throw new Error('the agent has no NAF SA');
    return association;
  }

  /** Writes a configuration for `osgate agent`; gives its name. */
  async config(gateway: string, more: object): Promise<string> {
    const file = join(this.#folder, `agent-${gateway.replaceAll(/\W/g, '-')}.yaml`);
    const { impi, k, opc } = TEST_SUBSCRIBER;
    const agent = {
      impi,
      publicIdentity: ALICE,
      usim: { k: k.toString('hex'), opc: opc.toString('hex') },
      gateway,
      gatewayFqdn: GATEWAY_FQDN,
      keys: 'push',
      timeoutMilliseconds: 5000,
      push: { store: 'push-agent.sqlite' },
      ...more,
    };
    await writeFile(file, JSON.stringify({ agent }));
    return file;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#store.close();
    await rm(this.#folder, { recursive: true });
  }
}

function credentialsOf({ ptid, nafKey }: NafSecurityAssociation): PushedCredentials {
  return {
    ptid,
    identity: formatPushPskIdentity(ptid),
    key: derivePushPsk(nafKey),
    password: derivePushPassword(nafKey),
  };
}
