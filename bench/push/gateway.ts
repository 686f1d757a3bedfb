import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { SecretKey, SubscriberDatabase } from '../../kmc/index.ts';
import { NodeProcess, OSGATE, portOf } from '../../scenarios/support/node-process.ts';
import { SipPeer } from '../../scenarios/support/sip-peer.ts';
import { DOMAIN, scenarioSubscriber } from '../../scenarios/support/subscribers.ts';
import { BSF_DOMAIN } from '../../scenarios/support/system.ts';
import { GATEWAY_FQDN, PSK } from './protocol.ts';

export const TOKEN = 'bench-0123456789abcdef';
const KEY = Buffer.alloc(32, 7);

/** A gateway process that pushes, with the key centre in it. Its files are on disk, for that is a part of what is measured. */
export class PushGateway {
  readonly process: NodeProcess;
  readonly folder: string;
  readonly agentsPort: number;
  readonly url: string;
  /** Answers 200 to every REGISTER. */
  readonly #registrar: SipPeer;

  private constructor(folder: string, process: NodeProcess, registrar: SipPeer, agentsPort: number, url: string) {
    this.folder = folder;
    this.process = process;
    this.#registrar = registrar;
    this.agentsPort = agentsPort;
    this.url = url;
  }

  /** @param dispatch replaces parts of `gateway.push.dispatch` */
  static async start(agents: number, dispatch: object): Promise<PushGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-push-bench-'));
    const registrar = await SipPeer.open(['UDP']);
    const identities: string[] = [];
    const database = SubscriberDatabase.open(join(folder, 'subscribers.db'), new SecretKey(KEY));
    for (let number = 0; number < agents; number++) {
      const { impi, impu, k, opc } = scenarioSubscriber(number);
      const keys = { k: Buffer.from(k, 'hex'), opc: Buffer.from(opc, 'hex'), amf: Buffer.alloc(2), sqn: 0n };
      database.add({ impi, impus: [impu], ...keys, settings: { bsfInfo: {}, ussList: [] } });
      identities.push(`${impu}:${PSK.toString('hex')}`);
    }
    database.close();
    const files = {
      'psk.txt': `${identities.join('\n')}\n`,
      'secret.key': KEY.toString('hex'),
      'initiator.token': `${TOKEN}\n`,
      'gateway.yaml': stringify(configOf(dispatch, registrar.port)),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    const process = new NodeProcess('gateway', OSGATE, ['gateway', '-c', join(folder, 'gateway.yaml')]);
    const port = async (what: string): Promise<number> =>
      portOf(await process.waitFor(what, ({ listener, interface: served }) => listener === what || served === what));
    try {
      return new PushGateway(
        folder,
        process,
        registrar,
        await port('agents'),
        `http://127.0.0.1:${await port('initiators')}`,
      );
    } catch (error) {
      await process.stop();
      await registrar.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.#registrar.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function configOf(dispatch: object, registrarPort: number): object {
  const initiator = {
    name: 'bench',
    token: { file: 'initiator.token' },
    recipients: ['*'],
    burst: 100_000,
    perSecond: 100_000,
  };
  return {
    log: { level: 'info', format: 'json', requests: 'none' },
    kmc: {
      domain: BSF_DOMAIN,
      subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      bootstrapping: { challengeBurst: 100_000, challengesPerSecond: 1000 },
    },
    gateway: {
      keyCentre: { type: 'embedded' },
      secret: { file: 'secret.key' },
      sec1: {
        sip: [
          {
            name: 'agents',
            host: '127.0.0.1',
            port: 0,
            transports: ['dtls'],
            fqdn: GATEWAY_FQDN,
            authenticators: [{ type: 'psk', identities: 'psk.txt' }],
          },
          {
            name: 'inside',
            host: '127.0.0.1',
            port: 0,
            fqdn: 'inside.example.com',
            authenticators: [{ type: 'trusted', peers: ['127.0.0.1/32'] }],
          },
        ],
      },
      sec3: { sip: [{ name: 'registrar', domains: [DOMAIN], targets: [`sip:127.0.0.1:${registrarPort}`] }] },
      push: {
        queue: { path: 'queue.sqlite' },
        associations: { path: 'associations.sqlite' },
        dispatch,
        initiators: {
          fqdn: 'push.example.com',
          port: 0,
          initiators: [{ ...initiator, maximumOpenPushes: 100_000 }],
        },
        carriers: [{ type: 'sip' }],
      },
      shutdownGraceMilliseconds: 1000,
    },
  };
}
