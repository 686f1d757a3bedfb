import { expect } from 'chai';

import { ConnectionIdFactory } from '../../../dtls/endpoint/connection-id-factory.ts';
import { RandomPool } from '../../../dtls/endpoint/random-pool.ts';
import { DEFAULT_LIMITS } from '../../../dtls/endpoint/limits.ts';
import { ServerEndpoint } from '../../../dtls/endpoint/server-endpoint.ts';
import { serverSettingsOf } from '../../../dtls/endpoint/server-settings.ts';
import { echo, KEY, MemoryWorld, SERVER } from '../support/memory-world.ts';

describe('DTLS server endpoint', () => {
  it('goes on without connection identifiers when all of their length are in use, and counts it', async () => {
    const world = new MemoryWorld();
    const pool = new RandomPool();
    const random = (length: number): Buffer => pool.take(length);
    const endpoint: ServerEndpoint = new ServerEndpoint(
      serverSettingsOf(
        { psk: { lookUp: async () => ({ key: KEY }) } },
        DEFAULT_LIMITS,
        random,
        () => endpoint.counters,
      ),
      {
        now: () => performance.now(),
        wallClock: () => Date.now(),
        limits: DEFAULT_LIMITS,
        cookieRotationMilliseconds: 60_000,
        // One identifier is all that there is.
        connectionIds: new ConnectionIdFactory({ random: (length) => Buffer.alloc(length) }),
        openssl: undefined,
        random,
        user: {
          onAssociation: (association) => {
            association.on('message', (data) => association.send(data));
          },
          onFailure: () => undefined,
        },
      },
    );
    endpoint.transport = world.network.open(SERVER, (datagram, peer) => {
      endpoint.receive(datagram, peer);
    });
    const clients = [await world.connect(), await world.connect()];
    for (const client of clients) expect(await echo(client, 'hello')).to.equal('hello');
    expect(clients.map(({ connectionId }) => connectionId?.remote.length ?? 0)).to.deep.equal([8, 0]);
    expect(endpoint.counters.connectionIdsUsedUp).to.equal(1);
    await world.close();
    for (const entry of [...endpoint.table.all()]) endpoint.drop(entry, 'shutdown');
    endpoint.stop();
  });
});
