import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { openAgentPushStore, type AgentPushStore } from '../../../../lib/seca/push/agent-push-store.ts';
import type { NafSecurityAssociation } from '../../../../push/index.ts';

describe('the store of an agent that takes pushes', () => {
  let folder: string;
  let now: number;
  const opened: AgentPushStore[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-push-store-'));
    now = 1_000_000;
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(async (store) => store.close()));
    await rm(folder, { recursive: true });
  });

  function open({ maximumAssociations = 10, maximumRemembered = 10 } = {}): AgentPushStore {
    const push = { store: join(folder, 'push.sqlite'), maximumAssociations, maximumRemembered };
    const store = openAgentPushStore({ push }, () => now);
    opened.push(store);
    return store;
  }

  function association(octet: number, changes: Partial<NafSecurityAssociation> = {}): NafSecurityAssociation {
    return {
      ptid: `ptid-${octet}`,
      rand: Buffer.alloc(16, octet),
      nafId: { fqdn: 'osg.example.com', protocol: '0100000005' },
      mode: 'GBA_ME',
      nafKey: Buffer.alloc(32, octet),
      createdAt: now,
      expiresAt: now + 60_000,
      nextToSend: 1,
      highestReceived: 0,
      ...changes,
    };
  }

  it('keeps keys and ids over a restart, in a file for its owner alone', async () => {
    const store = open();
    await store.associations.add(association(1));
    await store.delivered.put('id', true, now + 1000);
    await store.close();
    const again = open();
    expect((await again.associations.find(Buffer.alloc(16, 1), 'osg.example.com'))?.nafKey).to.deep.equal(
      Buffer.alloc(32, 1),
    );
    expect(await again.delivered.get('id')).to.equal(true);
    for (const name of ['push.sqlite', 'push.sqlite-wal']) {
      expect((await stat(join(folder, name))).mode & 0o777, name).to.equal(0o600);
    }
  });

  it('gives the newest live NAF SA of a gateway, also to another process that has the file open', async () => {
    const listener = open();
    const user = open();
    expect(await user.newest('osg.example.com')).to.equal(undefined);
    await listener.associations.add(association(1));
    now += 10;
    await listener.associations.add(association(2));
    await listener.associations.add(association(3, { nafId: { fqdn: 'other.example.com', protocol: '0100000005' } }));
    expect((await user.newest('osg.example.com'))?.ptid).to.equal('ptid-2');
    expect((await user.newest('other.example.com'))?.ptid).to.equal('ptid-3');
    // Using an older one does not make it the newest.
    await listener.associations.seal(Buffer.alloc(16, 1), 'osg.example.com', Buffer.from('x'));
    expect((await user.newest('osg.example.com'))?.ptid).to.equal('ptid-2');
    now += 60_000;
    expect(await user.newest('osg.example.com')).to.equal(undefined);
  });

  it('refuses a NAF SA beyond the bound, and counts it; what has ended makes room', async () => {
    const store = open({ maximumAssociations: 1 });
    await store.associations.add(association(1));
    let code: unknown;
    await store.associations.add(association(2)).catch((error: unknown) => {
      code = (error as { code?: unknown }).code;
    });
    expect(code).to.equal('OSGATE_STORE');
    expect(store.refused).to.equal(1);
    now += 60_001;
    expect(await store.purge()).to.equal(2);
    expect(await store.associations.add(association(3))).to.equal(true);
  });
});
