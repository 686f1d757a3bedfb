import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import type { DtlsConnectOptions } from '../../../../dtls/index.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { ALICE, ALICE_KEY, DtlsGateway, METER_KEY } from '../../../support/dtls-gateway.ts';

const SUITE = 'TLS_PSK_WITH_AES_128_CCM';

describe('lesson 12: settings of DTLS have an effect', function () {
  this.timeout(60_000);
  let gateway: DtlsGateway;
  const open: DtlsAgent[] = [];

  before(async () => {
    gateway = await DtlsGateway.start({
      gateway: {
        dtls: {
          cipherSuites: [SUITE, 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256'],
          groups: ['secp384r1'],
          idleTimeoutSeconds: 2,
          connectionId: { enabled: false },
          sessionTickets: false,
          sessionCacheMaximum: 0,
          limits: { associations: 2 },
          keyLog: 'keys.log',
        },
      },
    });
  });

  after(async () => {
    expect(await gateway.stop()).to.equal(0);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const connect = async (more: Partial<DtlsConnectOptions> = {}): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect({ ...gateway.alice, ...more });
    open.push(agent);
    return agent;
  };

  const isRefused = async (more: Partial<DtlsConnectOptions>): Promise<boolean> =>
    connect({ handshakeTimeoutMilliseconds: 3000, ...more }).then(
      () => false,
      () => true,
    );

  it('suites and groups, connection ids, resumption', async () => {
    const agent = await connect();
    expect(agent.association.getCipher().standardName).to.equal(SUITE);
    expect(agent.association.connectionId).to.equal(undefined);
    expect(agent.association.session).to.equal(undefined);
    expect(await isRefused({ cipherSuites: ['TLS_PSK_WITH_AES_256_GCM_SHA384'] })).to.equal(true);
    const cipherSuites = ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256'];
    expect(await isRefused({ cipherSuites, groups: ['x25519'] })).to.equal(true);
    expect(await isRefused({ cipherSuites, groups: ['secp384r1'] })).to.equal(false);
  });

  it('the bound on associations: the new one is refused and counted, the old ones go on', async () => {
    const old = [await connect(), await connect()];
    expect(await isRefused({ handshakeTimeoutMilliseconds: 1000 })).to.equal(true);
    for (const agent of old) expect((await agent.message(ALICE)).status).to.equal(200);
    expect(await gateway.metric('osgate_dtls_total{kind="associations-refused"}')).to.be.greaterThan(0);
  });

  it('the idle time-out, which ends the flow with the association', async () => {
    const agent = await connect();
    const before = await gateway.metric('osgate_dtls_closed_total{listener="agents",reason="idle"}');
    expect(await waitFor('the end', () => agent.closed, 10_000)).to.equal('peer-closed');
    expect(await gateway.metric('osgate_dtls_closed_total{listener="agents",reason="idle"}')).to.equal(before + 1);
  });

  it('the key log, which is said loudly and for its owner alone', async () => {
    await connect();
    const path = join(gateway.folder, 'keys.log');
    expect(await readFile(path, 'utf8')).to.match(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/m);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(gateway.process.records.some(({ event, level }) => event === 'key-log' && level === 'warn')).to.equal(true);
    for (const record of gateway.process.records) {
      expect(JSON.stringify(record)).to.not.contain(ALICE_KEY.toString('hex'));
    }
  });

  it('SIGHUP reads the file of static keys again: the old key is good no more, the association goes on', async () => {
    const agent = await connect();
    const key = Buffer.alloc(16, 0x77);
    const lines = [`${ALICE}:${key.toString('hex')}`, `meter-1:${METER_KEY.toString('hex')}`];
    await writeFile(join(gateway.folder, 'psk.txt'), lines.join('\n'));
    await gateway.reload();
    expect((await agent.message(ALICE)).status).to.equal(200);
    await agent.close();
    expect(await isRefused({})).to.equal(true);
    expect(await isRefused({ psk: { identity: ALICE, key } })).to.equal(false);
  });

  it('a reload that would need another offer of keys is refused', async () => {
    await gateway.editConfig((text) =>
      text
        .replace('type: psk', 'type: gba-psk')
        .replace(/ +identities: psk.txt\n/, '')
        .replace(/ +publicIdentities:\n(?: +- identity: meter-1\n +uris:\n +- sip:meter-1@example.com\n)/, ''),
    );
    await gateway.reload();
    const refused = gateway.process.records.findLast(({ event }) => event === 'reload-refused');
    expect(JSON.stringify(refused?.problems)).to.contain('pre-shared keys');
  });
});
