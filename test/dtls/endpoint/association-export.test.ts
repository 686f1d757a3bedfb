import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { expect } from 'chai';

import { DtlsError, type DtlsAssociation } from '../../../dtls/index.ts';
import { echo, KEY, MemoryWorld, SERVER } from '../support/memory-world.ts';

describe('export and import of associations', () => {
  let world: MemoryWorld;

  beforeEach(() => {
    world = new MemoryWorld();
  });

  afterEach(async () => {
    await world.close();
  });

  it('lesson 11: clients go on at another server without a word', async () => {
    const key = randomBytes(32);
    const first = world.serve({ psk: { lookUp: async ({ identity }) => ({ key: KEY, data: { identity } }) } });
    const clients = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        world.connect({
          psk: { identity: `agent ${index}`, key: KEY },
          connectionId: index % 2 === 0 ? {} : false,
        }),
      ),
    );
    for (const client of clients) await echo(client, 'before');
    const reasons = [...first.associations()].map(
      async (association) => (await once(association, 'close'))[0] as string,
    );
    const sealed = first.exportAssociations(key);
    expect(new Set(await Promise.all(reasons))).to.deep.equal(new Set(['shutdown']));
    expect(first.size).to.equal(0);
    // Neither keys nor names stand in it.
    expect(sealed.includes('agent 1')).to.equal(false);
    await first.close();
    const second = world.serve();
    const imported: DtlsAssociation[] = [];
    second.on('association', (association) => imported.push(association));
    expect(second.importAssociations(sealed, key)).to.equal(20);
    expect(imported).to.have.length(20);
    expect(imported.map(({ pskIdentity }) => pskIdentity).toSorted()).to.deep.equal(
      clients.map((_, index) => `agent ${index}`).toSorted(),
    );
    expect(imported[0]?.pskData).to.deep.equal({ identity: imported[0]?.pskIdentity });
    for (const client of clients) expect(await echo(client, 'after')).to.equal('after');
    expect(second.counters).to.include({ handshakesStarted: 0, associationsImported: 20 });
    // Twice would be two that use the same numbers.
    expect(second.importAssociations(sealed, key)).to.equal(0);
    expect(second.counters.importsRefused).to.equal(20);
  });

  it('lose nothing when the key is none, or data of the application cannot be carried', async () => {
    const circle: Record<string, unknown> = {};
    circle.again = circle;
    const lookUp = async ({ identity }: { identity: string }) => ({
      key: KEY,
      ...(identity === 'odd' && { data: circle }),
    });
    const server = world.serve({ psk: { lookUp } });
    const plain = await world.connect();
    const odd = await world.connect({ psk: { identity: 'odd', key: KEY } });
    expect(() => server.exportAssociations(Buffer.alloc(16))).to.throw(DtlsError);
    expect(server.size).to.equal(2);
    expect(await echo(plain, 'still here')).to.equal('still here');
    const key = randomBytes(32);
    const sealed = server.exportAssociations(key);
    expect(server.counters).to.include({ associationsExported: 1, exportsRefused: 1 });
    expect(await echo(odd, 'still here')).to.equal('still here');
    expect(server.importAssociations(sealed, key)).to.equal(1);
    expect(await echo(plain, 'back')).to.equal('back');
  });

  it('are refused by a server whose connection identifiers have another length', async () => {
    const key = randomBytes(32);
    const first = world.serve();
    await world.connect();
    const sealed = first.exportAssociations(key);
    await first.close();
    const second = world.serve({ connectionId: { length: 12 } });
    expect(second.importAssociations(sealed, key)).to.equal(0);
    expect(second.counters.importsRefused).to.equal(1);
  });

  it('do not take what has expired, nor what was sealed otherwise', async () => {
    const key = randomBytes(32);
    const expiresAt = Date.now() + 150;
    const first = world.serve({ psk: { lookUp: async () => ({ key: KEY, expiresAt }) } });
    await world.connect();
    const sealed = first.exportAssociations(key);
    await first.close();
    const second = world.serve();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiresAt - Date.now() + 5)));
    expect(second.importAssociations(sealed, key)).to.equal(0);
    const damaged = Buffer.from(sealed);
    damaged.writeUInt8(damaged.readUInt8(40) ^ 1, 40);
    for (const [octets, other] of [
      [sealed, randomBytes(32)],
      [damaged, key],
      [sealed.subarray(0, 20), key],
      [Buffer.from('nothing of the kind, but long enough to be something'), key],
    ] as const)
      expect(() => second.importAssociations(octets, other))
        .to.throw(DtlsError)
        .with.property('code', 'OSGATE_DTLS_IMPORT_FAILED');
    expect(() => second.exportAssociations(Buffer.alloc(16)))
      .to.throw(DtlsError)
      .with.property('code', 'OSGATE_DTLS_INVALID_ARGUMENT');
    expect(second.address()).to.deep.equal(SERVER);
  });
});
