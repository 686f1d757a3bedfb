import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import type { SipListenerConfig } from '../../config/index.ts';

/**
 * Ports for listeners that leave the choice to the system and take TCP as well as UDP: free for TCP, and kept so until the
 * workers listen there themselves. Nobody is told of a port before that, so nobody connects to the keeper.
 */
export class StreamPorts {
  readonly #servers: Server[] = [];

  /** The listener with its port, chosen where the configuration says 0. */
  async choose({
    name,
    host,
    port,
    transports,
  }: Pick<SipListenerConfig, 'name' | 'host' | 'port' | 'transports'>): Promise<{
    name: string;
    address: string;
    port: number;
  }> {
    if (port !== 0 || !transports.includes('tcp')) return { name, address: host, port };
    const server = createServer();
    server.listen({ host, port, reusePort: true, ipv6Only: host.includes(':') });
    await once(server, 'listening');
    this.#servers.push(server);
    const address = server.address();
    return { name, address: host, port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  /** Lets the ports go to whoever listens there now. */
  release(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }
}
