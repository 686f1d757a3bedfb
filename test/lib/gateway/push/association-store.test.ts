import { expect } from 'chai';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GatewayAssociationStore } from '../../../../lib/gateway/push/association-store.ts';
import type { GatewayAssociation } from '../../../../push/index.ts';

const NAF_KEY = Buffer.alloc(32, 0x77);

describe('the NAF SAs of a gateway on disk', () => {
  let folder: string;
  let path: string;
  let now: number;
  const open: GatewayAssociationStore[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-associations-'));
    path = join(folder, 'associations.sqlite');
    now = 0;
  });

  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
    await rm(folder, { recursive: true });
  });

  function store(more: { secret?: Buffer; maximumAssociations?: number; readOnly?: boolean } = {}) {
    const opened = new GatewayAssociationStore({
      path,
      maximumAssociations: 10,
      secret: Buffer.alloc(32, 1),
      now: () => now,
      ...more,
    });
    open.push(opened);
    return opened;
  }

  const association = (ptid: string, nextToSend = 1): GatewayAssociation => ({
    ptid,
    rand: Buffer.alloc(16, 2),
    nafId: { fqdn: 'osg.home1.example', protocol: '0100000005' },
    mode: 'GBA_ME',
    nafKey: NAF_KEY,
    createdAt: 0,
    expiresAt: 100,
    nextToSend,
    highestReceived: 0,
    subscriber: 'sip:alice@home1.example',
  });

  it('are there for another process as soon as they were put, and after a restart', async () => {
    const writer = store();
    const reader = store({ readOnly: true });
    await writer.put('one', association('one'), 100);
    expect(await reader.get('one')).to.deep.equal(association('one'));
    await writer.put('one', association('one', 2), 100);
    expect((await reader.get('one'))?.nextToSend).to.equal(2);
    await writer.close();
    expect(await store().get('one')).to.deep.equal(association('one', 2));
  });

  it('are sealed, in a file for its owner alone, and of no use under another secret', async () => {
    const writer = store();
    await writer.put('one', association('one'), 100);
    await writer.close();
    expect((await readFile(path)).includes(NAF_KEY)).to.equal(false);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await store({ secret: Buffer.alloc(32, 3) }).get('one')).to.equal(undefined);
  });

  it('end, and make room then; while there is none the new is refused and counted', async () => {
    const full = store({ maximumAssociations: 1 });
    await full.put('one', association('one'), 100);
    const refusal = await full.put('two', association('two'), 100).catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'OSGATE_STORE' });
    expect(full.counters).to.deep.equal({ refused: 1 });
    await full.put('one', association('one', 2), 100);
    now = 100;
    expect(await full.get('one')).to.equal(undefined);
    await full.put('two', association('two'), 200);
    expect(full.size).to.equal(1);
    await full.delete('two');
    expect(full.size).to.equal(0);
    expect(await full.get('two')).to.equal(undefined);
  });
});
