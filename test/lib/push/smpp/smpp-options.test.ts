import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { smppCarrierSection } from '../../../../lib/config/push-smpp.ts';
import { filePath } from '../../../../lib/config/values.ts';
import { smppOptionsOf } from '../../../../lib/push/smpp/smpp-options.ts';
import type { SmppCarrier, SmppLinkEvent } from '../../../../push/index.ts';
import { PerlSmsc } from '../../../push/support/perl-smsc.ts';
import { smppCarrier, until } from '../../../push/support/smpp-settings.ts';

const LEAST = { type: 'smpp', host: 'smsc.example', systemId: 'osgate', password: { environment: 'SMPP' } };

describe('lib/push/smpp: the carrier as it is configured', function () {
  this.timeout(20_000);

  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-smpp-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  const parse = (keys: Readonly<Record<string, unknown>> = {}) =>
    smppCarrierSection(filePath(folder)).safeParse({ ...LEAST, ...keys });

  it('needs no more than the SMSC and an account', async () => {
    const config = parse();
    if (!config.success) throw config.error;
    const { endpoint, account, settings } = await smppOptionsOf(config.data, { SMPP: 'pass\n' });
    expect(endpoint).to.deep.equal({ host: 'smsc.example', port: 2775 });
    expect(account).to.deep.equal({ systemId: 'osgate', password: 'pass', systemType: '' });
    expect(settings).to.include({ receipts: 'failure', referenceBits: 8, maximumValidityMilliseconds: 259_200_000 });
    expect(settings.ports).to.deep.equal({ destination: 2948, source: 9200 });
  });

  it('refuses what SMPP cannot carry', () => {
    const cases: Readonly<Record<string, unknown>>[] = [
      { systemId: 'x'.repeat(16) },
      { systemType: 'x'.repeat(13) },
      { serviceType: 'x'.repeat(6) },
      { source: { address: 'x'.repeat(21) } },
      { password: 'secret' },
      { referenceBits: 7 },
      { maximumSegments: 256 },
      { tls: { certificate: 'a.pem' } },
      { unknown: 1 },
    ];
    for (const keys of cases) expect(parse(keys).success, JSON.stringify(keys)).to.equal(false);
  });

  it('reads the password of a file, and never says what is in it', async () => {
    const config = parse({ password: { file: 'password' } });
    if (!config.success) throw config.error;
    await writeFile(join(folder, 'password'), 'pw-of-it\n');
    expect((await smppOptionsOf(config.data)).account.password).to.equal('pw-of-it');
    await writeFile(join(folder, 'password'), 'pw-that-is-too-long\n');
    const error = await smppOptionsOf(config.data).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'OSGATE_CONFIG_INVALID' });
    expect(String(error)).not.to.contain('pw-that');
  });

  describe('over TLS', () => {
    let smsc: PerlSmsc;
    let front: Server;
    let carrier: SmppCarrier;
    let events: SmppLinkEvent[];

    beforeEach(async () => {
      events = [];
      const names = ['-subj', '/CN=smsc.example', '-addext', 'subjectAltName=DNS:smsc.example'];
      const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
      const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
      await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...names, ...files]);
      smsc = await PerlSmsc.start();
      const pair = { key: await readFile(join(folder, 'key.pem')), cert: await readFile(join(folder, 'cert.pem')) };
      front = createServer(pair, (socket) => {
        const back = connect(smsc.port, '127.0.0.1');
        for (const [from, to] of [[socket, back] as const, [back, socket] as const]) {
          from.pipe(to);
          from.on('error', () => to.destroy());
        }
      });
      front.on('tlsClientError', () => undefined);
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
    });

    afterEach(async () => {
      await carrier.close();
      front.close();
      await smsc.stop();
    });

    const open = async (tls: Readonly<Record<string, unknown>>): Promise<void> => {
      const { port } = front.address() as AddressInfo;
      carrier = await smppCarrier(port, {}, { onEvent: (event) => events.push(event) }, { tls });
    };

    it('binds when the certificate is good', async () => {
      await open({ authorities: join(folder, 'cert.pem'), serverName: 'smsc.example' });
      await until(() => carrier.state === 'bound');
      expect(await smsc.line(/^bind /)).to.equal('bind osgate good 52');
    });

    it('says nothing to an SMSC whose certificate is not, or has another name', async () => {
      await open({ authorities: join(folder, 'cert.pem'), serverName: 'other.example' });
      await until(() => events.length > 0);
      await carrier.close();
      await open({ serverName: 'smsc.example' });
      await until(() => events.length > 1);
      expect(events[0]).to.deep.equal({ kind: 'lost', reason: 'connection-error' });
      expect(smsc.lines.filter((line) => line.startsWith('bind'))).to.deep.equal([]);
    });
  });
});
