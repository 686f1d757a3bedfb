import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { loadConfig, requireSection, type GatewayConfig } from '../../lib/config/index.ts';
import type { Gateway } from '../../lib/gateway/gateway.ts';
import { openGateway } from '../../lib/gateway/open-gateway.ts';
import { createLogger } from '../../lib/ops/index.ts';

/** A gateway in this process that believes everybody on loopback: what is tested is where requests go. */
export class EdgeGateway {
  readonly gateway: Gateway;
  readonly port: number;
  readonly #folder: string;

  private constructor(gateway: Gateway, folder: string) {
    this.gateway = gateway;
    this.port = gateway.listeners[0]?.transport.local.port ?? 0;
    this.#folder = folder;
  }

  /** @param parts keys of the gateway section */
  static async start(parts: { readonly sec3: readonly object[]; readonly dns?: object }): Promise<EdgeGateway> {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-edge-'));
    const config = await loadConfig(await writeConfig(folder, parts));
    return new EdgeGateway(
      await openGateway(config, createLogger({ level: 'silent', format: 'json' }, 'test')),
      folder,
    );
  }

  /** The rules of SEC-3 as the configuration would have them. */
  async rules(sec3: readonly object[]): Promise<GatewayConfig['sec3']['sip']> {
    return requireSection(await loadConfig(await writeConfig(this.#folder, { sec3 })), 'gateway').sec3.sip;
  }

  async metrics(): Promise<string> {
    return this.gateway.metrics.render();
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function writeConfig(
  folder: string,
  { sec3, dns }: { readonly sec3: readonly object[]; readonly dns?: object },
): Promise<string> {
  const path = join(folder, 'gateway.yaml');
  await writeFile(join(folder, 'secret.key'), 'ab'.repeat(32), { mode: 0o600 });
  await writeFile(
    path,
    stringify({
      kmc: {
        domain: 'kmc.example.com',
        subscribers: { database: 'subscribers.db', secretKey: { file: 'secret.key' } },
      },
      gateway: {
        keyCentre: { type: 'embedded' },
        sec1: {
          sip: [
            {
              name: 'inside',
              host: '127.0.0.1',
              port: 0,
              fqdn: 'inside.example.com',
              // Datagrams only, so that a place over TCP is one that cannot be reached.
              transports: ['udp'],
              authenticators: [{ type: 'trusted', peers: ['127.0.0.0/8'] }],
            },
          ],
        },
        sec3: { sip: sec3 },
        ...(dns === undefined ? {} : { dns }),
        shutdownGraceMilliseconds: 0,
      },
    }),
  );
  return path;
}
