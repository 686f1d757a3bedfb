import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { SecretKey, SubscriberDatabase } from '../../../../../kmc/index.ts';
import { makeAuthority } from '../../../../../scenarios/support/certificates.ts';
import { NodeProcess, OSGATE, portOf } from '../../../../../scenarios/support/node-process.ts';
import { KEY, TEST_SUBSCRIBER } from '../../../../kmc/subscribers/test-subscriber.ts';
import { GATEWAY_FQDN } from './push-world.ts';

/** A key centre of its own that lets the gateway push, over Nbsp_GBA. */
export class KeyCentreProcess {
  /** `gateway.keyCentre` for it. */
  readonly keyCentre: object;
  readonly #process: NodeProcess;
  readonly #folder: string;

  private constructor(process: NodeProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.keyCentre = {
      type: 'nbsp',
      url: `https://localhost:${port}`,
      tls: {
        certificate: join(folder, 'gateway.pem'),
        privateKey: join(folder, 'gateway.key'),
        authorities: join(folder, 'ca.pem'),
      },
    };
  }

  static async open(): Promise<KeyCentreProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-push-kmc-'));
    const authority = await makeAuthority('test authority');
    const issued = {
      kmc: await authority.issue({ commonName: 'kmc', dnsNames: ['localhost'] }),
      gateway: await authority.issue({ commonName: 'gateway', dnsNames: [GATEWAY_FQDN] }),
    };
    for (const [name, { certificatePem, privateKeyPem }] of Object.entries(issued)) {
      await writeFile(join(folder, `${name}.pem`), certificatePem);
      await writeFile(join(folder, `${name}.key`), privateKeyPem, { mode: 0o600 });
    }
    await writeFile(join(folder, 'ca.pem'), authority.certificatePem);
    await writeFile(join(folder, 'secret.key'), KEY.toString('hex'), { mode: 0o600 });
    const database = SubscriberDatabase.open(join(folder, 'users.sqlite'), new SecretKey(KEY));
    database.add(TEST_SUBSCRIBER);
    database.close();
    const config = {
      log: { level: 'info', format: 'json' },
      kmc: {
        domain: 'bsf.home1.example',
        subscribers: { database: 'users.sqlite', secretKey: { file: 'secret.key' } },
        bootstrapping: { challengeBurst: 1000, challengesPerSecond: 1000 },
        nbsp: {
          host: '127.0.0.1',
          port: 0,
          tls: { certificate: 'kmc.pem', privateKey: 'kmc.key', clientAuthorities: 'ca.pem' },
          clients: [{ name: GATEWAY_FQDN, fqdns: [GATEWAY_FQDN], push: true, revealImpi: true }],
        },
      },
    };
    await writeFile(join(folder, 'kmc.yaml'), stringify(config));
    const child = new NodeProcess('kmc', OSGATE, ['kmc', '-c', join(folder, 'kmc.yaml')]);
    const record = await child.waitFor(
      'nbsp',
      ({ event, interface: served }) => event === 'listening' && served === 'nbsp',
    );
    return new KeyCentreProcess(child, folder, portOf(record));
  }

  async close(): Promise<void> {
    await this.#process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
