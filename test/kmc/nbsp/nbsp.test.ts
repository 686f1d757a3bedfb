import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import {
  BOOTSTRAPPING_INFO_PATH,
  KmcError,
  NafId,
  NbspClient,
  NbspServer,
  PUSH_INFO_PATH,
  UaSecurityProtocolId,
  type BootstrappingInfoRequest,
  type KeyCentre,
  type PushInfoRequest,
} from '../../../kmc/index.ts';
import { makeAuthority, type Authority, type Issued } from '../../../scenarios/support/certificates.ts';

const run = promisify(execFile);

/** A key centre whose answer depends on the B-TID only, so that the wire is what is tested. */
const keyCentre: KeyCentre = {
  async bootstrappingInfo(request) {
    if (request.btid === 'unknown@bsf') throw new KmcError('OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID', 'unknown');
    if (request.nafId.fqdn === 'other.example.com') throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'not yours');
    return {
      keys: { meKeyMaterial: Buffer.alloc(32, 0xab) },
      impi: 'user@example.com',
      expiresAt: Date.UTC(2030, 0, 1),
      createdAt: Date.UTC(2029, 0, 1),
      securitySettings: [{ gsid: 7, type: 7, uids: ['sip:a@example.com'], flags: [1], nafGroup: 'A' }],
    };
  },
  async pushInfo(request) {
    const { ueId, ptid, mode, applicationLabel, resynchronisation, requestedExpiresAt } = request;
    if (ueId === 'unknown@example.com') throw new KmcError('OSGATE_KMC_IDENTITY_UNKNOWN', 'no such subscriber');
    if (ueId === 'other@example.com') throw new KmcError('OSGATE_KMC_NOT_AUTHORISED', 'not yours');
    if (ueId === 'busy@example.com') throw new KmcError('OSGATE_KMC_OVERLOADED', 'too many');
    if (resynchronisation?.auts[0] === 0) throw new KmcError('OSGATE_KMC_SYNCHRONISATION_FAILURE', 'AUTS is wrong');
    return {
      gpi: Buffer.concat([Buffer.from(`${ueId} ${request.ueIdType} ${ptid} ${mode} `), applicationLabel]),
      keys: { meKeyMaterial: Buffer.alloc(32, 0xab), uiccKeyMaterial: Buffer.alloc(32, 0xcd) },
      expiresAt: requestedExpiresAt,
      createdAt: Date.UTC(2029, 0, 1),
      securitySettings: [],
    };
  },
  async close() {
    // Nothing to close.
  },
};

describe('Nbsp_GBA', () => {
  let folder: string;
  let authority: Authority;
  let client: Issued;
  let stranger: Issued;
  let server: NbspServer;
  let url: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-nbsp-'));
    authority = await makeAuthority('test authority');
    const kmc = await authority.issue({ commonName: 'kmc', dnsNames: ['localhost'] });
    client = await authority.issue({ commonName: 'osg', dnsNames: ['osg.example.com'] });
    stranger = await authority.issue({ commonName: 'stranger', dnsNames: ['stranger.example.com'] });
    server = await NbspServer.listen({
      host: '127.0.0.1',
      port: 0,
      tls: {
        certificate: Buffer.from(kmc.certificatePem),
        privateKey: Buffer.from(kmc.privateKeyPem),
        clientAuthorities: Buffer.from(authority.certificatePem),
      },
      clients: new Map([['osg.example.com', keyCentre]]),
    });
    url = `https://localhost:${server.port}`;
    await writeFile(join(folder, 'ca.pem'), authority.certificatePem);
    for (const [name, issued] of Object.entries({ client, stranger })) {
      await writeFile(join(folder, `${name}.pem`), issued.certificatePem);
      await writeFile(join(folder, `${name}.key`), issued.privateKeyPem);
    }
  });

  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const connect = (identity: Issued, timeoutMilliseconds = 3000, to = url): NbspClient =>
    new NbspClient({
      url: to,
      certificate: Buffer.from(identity.certificatePem),
      privateKey: Buffer.from(identity.privateKeyPem),
      authorities: Buffer.from(authority.certificatePem),
      timeoutMilliseconds,
    });

  const request = (changes: Partial<BootstrappingInfoRequest> = {}): BootstrappingInfoRequest => ({
    btid: 'abc@bsf',
    nafId: new NafId('osg.example.com', UaSecurityProtocolId.LOCSIP),
    gsids: [7],
    ...changes,
  });

  const codeOf = async (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'no error',
      (error: unknown) => (error instanceof KmcError ? error.code : String(error)),
    );

  /** A foreign HTTP/2 client. */
  const curl = async (
    args: readonly string[],
    identity = 'client',
    path = BOOTSTRAPPING_INFO_PATH,
  ): Promise<{ status: string; body: string }> => {
    const files = [
      '--cacert',
      join(folder, 'ca.pem'),
      '--cert',
      join(folder, `${identity}.pem`),
      '--key',
      join(folder, `${identity}.key`),
    ];
    const { stdout } = await run('curl', [
      '-sS',
      '--http2',
      '--max-time',
      '5',
      ...files,
      '-w',
      '\n%{http_code} %{http_version}',
      ...args,
      `${url}${path}`,
    ]);
    const end = stdout.lastIndexOf('\n');
    return { status: stdout.slice(end + 1), body: stdout.slice(0, end) };
  };

  const json = (body: object): string[] => ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
  const asked = { btId: 'abc@bsf', nafId: { nafFqdn: 'osg.example.com', uaSecProtId: '0300000002' }, gsIds: [7] };

  it('answers a foreign HTTP/2 client in the JSON of TS 29.309', async () => {
    const { status, body } = await curl(json(asked));
    expect(status).to.equal('200 2');
    expect(JSON.parse(body)).to.deep.equal({
      meKeyMaterial: 'ab'.repeat(32),
      keyExpiryTime: '2030-01-01T00:00:00.000Z',
      bootstrappingInfoCreationTime: '2029-01-01T00:00:00.000Z',
      ussList: [
        { uss: { gsId: 7, gsType: 7, ueIds: [{ ueId: 'sip:a@example.com' }], nafGroup: 'A', flags: [{ flag: 1 }] } },
      ],
      gbaType: '3G_GBA',
      impi: 'user@example.com',
    });
  });

  it('answers problems with their status', async () => {
    expect((await curl(json({ ...asked, btId: 'unknown@bsf' }))).status).to.equal('404 2');
    expect((await curl(json({ ...asked, nafId: { ...asked.nafId, nafFqdn: 'other.example.com' } }))).status).to.equal(
      '403 2',
    );
    expect((await curl(json({ btId: 'abc@bsf' }))).status).to.equal('400 2');
    expect((await curl(['-H', 'content-type: application/json', '-d', '{'])).status).to.equal('400 2');
    expect((await curl(['-H', 'content-type: text/plain', '-d', 'x'])).status).to.equal('415 2');
    expect((await curl(['-H', 'content-type: application/json', '-d', 'x'.repeat(20_000)])).status).to.equal('413 2');
    expect((await curl([])).status).to.equal('405 2');
    expect((await curl(json(asked), 'stranger')).status).to.equal('403 2');
  });

  it('refuses a client without a certificate at the TLS handshake', async () => {
    const anonymous = run('curl', [
      '-sS',
      '--max-time',
      '5',
      '--cacert',
      join(folder, 'ca.pem'),
      `${url}${BOOTSTRAPPING_INFO_PATH}`,
    ]);
    expect(
      await anonymous.then(
        () => 'served',
        () => 'refused',
      ),
    ).to.equal('refused');
  });

  it('gives our client what the server was asked for, many at once over one session', async () => {
    const keys = connect(client);
    try {
      const all = await Promise.all(Array.from({ length: 100 }, () => keys.bootstrappingInfo(request())));
      expect(all.every((info) => info.keys.meKeyMaterial.equals(Buffer.alloc(32, 0xab)))).to.equal(true);
      expect(all[0]?.securitySettings).to.deep.equal([
        { gsid: 7, type: 7, uids: ['sip:a@example.com'], flags: [1], nafGroup: 'A' },
      ]);
      expect(all[0]?.expiresAt).to.equal(Date.UTC(2030, 0, 1));
    } finally {
      await keys.close();
    }
  });

  it('gives our client typed errors', async () => {
    const keys = connect(client);
    try {
      expect(await codeOf(keys.bootstrappingInfo(request({ btid: 'unknown@bsf' })))).to.equal(
        'OSGATE_KMC_TRANSACTION_IDENTIFIER_INVALID',
      );
      const other = new NafId('other.example.com', UaSecurityProtocolId.LOCSIP);
      expect(await codeOf(keys.bootstrappingInfo(request({ nafId: other })))).to.equal('OSGATE_KMC_NOT_AUTHORISED');
    } finally {
      await keys.close();
    }
  });

  describe('push-info-retrieval', () => {
    const wanted = {
      ueId: 'sip:alice@example.com',
      ueIdType: 'PUBLIC',
      uiccAppLabel: 'a0000000871002',
      nafId: { nafFqdn: 'osg.example.com', uaSecProtId: '0100000005' },
      ptId: 'ptid',
      uiccOrMe: 'GBA_U',
      requestedLifeTime: '2030-01-01T00:00:00Z',
    };
    const push = (changes: object = {}): Promise<{ status: string; body: string }> =>
      curl(json({ ...wanted, ...changes }), 'client', PUSH_INFO_PATH);
    const pushRequest = (changes: Partial<PushInfoRequest> = {}): PushInfoRequest => ({
      ueId: 'alice@example.com',
      ueIdType: 'private',
      applicationLabel: Buffer.alloc(0),
      nafId: new NafId('osg.example.com', UaSecurityProtocolId.parse('0100000005')),
      ptid: 'ptid',
      mode: 'GBA_ME',
      requestedExpiresAt: Date.UTC(2030, 0, 1),
      gsids: [],
      ...changes,
    });

    it('answers a foreign HTTP/2 client in the JSON of TS 29.309', async () => {
      const { status, body } = await push();
      expect(status).to.equal('200 2');
      const label = Buffer.from('a0000000871002', 'hex');
      expect(JSON.parse(body)).to.deep.equal({
        meKeyMaterial: 'ab'.repeat(32),
        uiccKeyMaterial: 'cd'.repeat(32),
        gbaPushInfo: Buffer.concat([Buffer.from('sip:alice@example.com public ptid GBA_U '), label]).toString('hex'),
        keyExpiryTime: '2030-01-01T00:00:00.000Z',
        bootstrappingInfoCreationTime: '2029-01-01T00:00:00.000Z',
        gbaType: '3G_GBA',
      });
    });

    it('answers each error with its status and cause', async () => {
      const of = async (changes: object): Promise<string> => {
        const { status, body } = await push(changes);
        return `${status} ${String((JSON.parse(body) as { cause: unknown }).cause)}`;
      };
      expect(await of({ ueId: 'unknown@example.com' })).to.equal('404 2 IDENTITY_UNKNOWN');
      expect(await of({ ueId: 'other@example.com' })).to.equal('403 2 NOT_AUTHORIZED');
      expect(await of({ ueId: 'busy@example.com' })).to.equal('429 2 NF_CONGESTION_RISK');
      expect(await of({ auts: '00'.repeat(14), rand: '11'.repeat(16) })).to.equal('403 2 SYNCHRONISATION_FAILURE');
    });

    it('refuses what is no request', async () => {
      const wrong = [
        { ueId: '' },
        { ueIdType: 'EITHER' },
        { uiccAppLabel: 'a' },
        { uiccAppLabel: 'ab'.repeat(17) },
        { nafId: { nafFqdn: 'osg.example.com', uaSecProtId: '01' } },
        { ptId: '' },
        { ptId: 'é'.repeat(128) },
        { uiccOrMe: 'GBA' },
        { requestedLifeTime: 'tomorrow' },
        { auts: '00'.repeat(14) },
        { rand: '00'.repeat(16) },
        { auts: '00'.repeat(13), rand: '00'.repeat(16) },
      ];
      for (const changes of wrong) expect((await push(changes)).status, JSON.stringify(changes)).to.equal('400 2');
    });

    it('gives our client what the server was asked for, and typed errors', async () => {
      const keys = connect(client);
      try {
        const info = await keys.pushInfo(pushRequest());
        expect(info.gpi.toString()).to.equal('alice@example.com private ptid GBA_ME ');
        expect(info.expiresAt).to.equal(Date.UTC(2030, 0, 1));
        expect(info.keys.uiccKeyMaterial).to.deep.equal(Buffer.alloc(32, 0xcd));
        const resynchronisation = { rand: Buffer.alloc(16), auts: Buffer.alloc(14) };
        const codes = [
          await codeOf(keys.pushInfo(pushRequest({ ueId: 'unknown@example.com' }))),
          await codeOf(keys.pushInfo(pushRequest({ ueId: 'other@example.com' }))),
          await codeOf(keys.pushInfo(pushRequest({ ueId: 'busy@example.com' }))),
          await codeOf(keys.pushInfo(pushRequest({ resynchronisation }))),
        ];
        expect(codes).to.deep.equal([
          'OSGATE_KMC_IDENTITY_UNKNOWN',
          'OSGATE_KMC_NOT_AUTHORISED',
          'OSGATE_KMC_OVERLOADED',
          'OSGATE_KMC_SYNCHRONISATION_FAILURE',
        ]);
      } finally {
        await keys.close();
      }
    });
  });

  it('tells that the key centre is not there, and finds it again when it is', async () => {
    const temporary = await NbspServer.listen({
      host: '127.0.0.1',
      port: 0,
      tls: await serverTls(authority),
      clients: new Map([['osg.example.com', keyCentre]]),
    });
    const { port } = temporary;
    const keys = connect(client, 2000, `https://localhost:${port}`);
    try {
      await keys.bootstrappingInfo(request());
      await temporary.close();
      expect(await codeOf(keys.bootstrappingInfo(request()))).to.equal('OSGATE_KMC_UNAVAILABLE');
      const again = await NbspServer.listen({
        host: '127.0.0.1',
        port,
        tls: await serverTls(authority),
        clients: new Map([['osg.example.com', keyCentre]]),
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await keys.bootstrappingInfo(request())).impi).to.equal('user@example.com');
      await keys.close();
      await again.close();
    } finally {
      await keys.close();
    }
  });
});

async function serverTls(
  authority: Authority,
): Promise<{ certificate: Buffer; privateKey: Buffer; clientAuthorities: Buffer }> {
  const issued = await authority.issue({ commonName: 'kmc', dnsNames: ['localhost'] });
  return {
    certificate: Buffer.from(issued.certificatePem),
    privateKey: Buffer.from(issued.privateKeyPem),
    clientAuthorities: Buffer.from(authority.certificatePem),
  };
}
