import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KmcError } from '../../../kmc/errors.ts';
import { LocalDigestUserSource, SecretKey, SubscriberDatabase } from '../../../kmc/subscribers/index.ts';
import { KEY, TEST_SUBSCRIBER } from './test-subscriber.ts';

const PASSWORD = Buffer.from('pässword');

describe('LocalDigestUserSource', () => {
  let folder: string;
  let database: SubscriberDatabase;
  let source: LocalDigestUserSource;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'osgate-digest-users-'));
    database = SubscriberDatabase.open(join(folder, 'subscribers.sqlite'), new SecretKey(KEY));
    source = new LocalDigestUserSource({ database });
  });

  afterEach(async () => {
    await source.close();
    rmSync(folder, { recursive: true });
  });

  it('finds those who have a password, by the octets of their name, with effective settings', async () => {
    const uss = { gsid: 7, type: 7, uids: [], flags: [1] };
    const settings = { bsfInfo: {}, ussList: [uss] };
    database.addAll([
      TEST_SUBSCRIBER,
      { impi: 'jürgen', impus: ['sip:j@home1.example'], password: PASSWORD, settings },
    ]);
    expect(await source.find(TEST_SUBSCRIBER.impi)).to.equal(undefined);
    expect(await source.find('nobody')).to.equal(undefined);
    expect(await source.find(Buffer.from('jürgen', 'utf8').toString('latin1'))).to.deep.equal({
      impi: 'jürgen',
      password: PASSWORD,
      securitySettings: [{ ...uss, uids: ['sip:j@home1.example'] }],
    });
  });

  it('sees what another process changes at once', async () => {
    const other = SubscriberDatabase.open(join(folder, 'subscribers.sqlite'), new SecretKey(KEY));
    other.add({ impi: 'desk', impus: ['sip:d@e'], password: PASSWORD, settings: { bsfInfo: {}, ussList: [] } });
    expect((await source.find('desk'))?.password).to.deep.equal(PASSWORD);
    other.setPassword('desk', Buffer.from('new'));
    expect((await source.find('desk'))?.password.toString()).to.equal('new');
    other.remove('desk');
    expect(await source.find('desk')).to.equal(undefined);
    other.close();
  });

  it('rejects with OSGATE_KMC_UNAVAILABLE when the database cannot be asked', async () => {
    database.close();
    const error: unknown = await source.find('desk').catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(KmcError).with.property('code', 'OSGATE_KMC_UNAVAILABLE');
  });
});
