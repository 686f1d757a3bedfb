import { expect } from 'chai';

import { createServer, DtlsError } from '../../../dtls/index.ts';
import { CA_EXTENSIONS, issue, type TestCertificate } from '../certificates/test-authority.ts';
import { echo, MemoryWorld, refusalOf } from '../support/memory-world.ts';

describe('certificates of DTLS endpoints', () => {
  let authority: TestCertificate;
  let server: TestCertificate;
  let renewed: TestCertificate;
  let client: TestCertificate;
  let world: MemoryWorld;

  before(() => {
    authority = issue({ extensions: CA_EXTENSIONS });
    const extensions = ['subjectAltName=DNS:server.example.com', 'keyUsage=digitalSignature'];
    server = issue({ issuer: authority, extensions, subject: '/CN=first' });
    renewed = issue({ issuer: authority, extensions, subject: '/CN=second' });
    client = issue({
      issuer: authority,
      extensions: ['subjectAltName=URI:sip:agent@example.com', 'keyUsage=digitalSignature'],
      subject: '/CN=agent',
    });
  });

  beforeEach(() => {
    world = new MemoryWorld();
  });

  afterEach(async () => {
    await world.close();
  });

  it('prove the server, for the name that the client asks for', async () => {
    const there = world.serve({ psk: undefined, certificates: [server] });
    const trusting = { psk: undefined, authorities: authority.certificate };
    const association = await world.connect({ ...trusting, serverName: 'server.example.com' });
    expect(association.peerCertificate?.subject).to.equal('CN=first');
    expect(association.getCipher().name).to.match(/^ECDHE-ECDSA-/);
    expect(await echo(association, 'x')).to.equal('x');
    expect([...there.associations()][0]?.serverName).to.equal('server.example.com');
    for (const options of [
      { ...trusting, serverName: 'other.example.com' },
      // The address of the server is not in its certificate.
      trusting,
      {
        psk: undefined,
        authorities: issue({ extensions: CA_EXTENSIONS }).certificate,
        serverName: 'server.example.com',
      },
    ])
      expect(await refusalOf(world.connect(options))).to.be.instanceOf(DtlsError);
  });

  it('are replaced at once, and associations that are there go on', async () => {
    const there = world.serve({ psk: undefined, certificates: [server] });
    const options = { psk: undefined, authorities: authority.certificate, serverName: 'server.example.com' };
    const old = await world.connect(options);
    there.setCertificates([renewed]);
    const fresh = await world.connect(options);
    expect(old.peerCertificate?.subject).to.equal('CN=first');
    expect(fresh.peerCertificate?.subject).to.equal('CN=second');
    expect(() => {
      there.setCertificates([{ certificate: server.certificate, privateKey: renewed.privateKey }]);
    })
      .to.throw(DtlsError)
      .with.property('code', 'OSGATE_DTLS_INVALID_CREDENTIALS');
    expect((await world.connect(options)).peerCertificate?.subject).to.equal('CN=second');
    expect(await echo(old, 'x')).to.equal('x');
  });

  it('prove the client when the server wants them', async () => {
    const there = world.serve({
      psk: undefined,
      certificates: [server],
      clientCertificates: 'require',
      authorities: authority.certificate,
    });
    const options = { psk: undefined, authorities: authority.certificate, serverName: 'server.example.com' };
    const association = await world.connect({ ...options, ...client });
    expect(await echo(association, 'x')).to.equal('x');
    expect([...there.associations()][0]?.peerCertificate?.subjectAltName).to.equal('URI:sip:agent@example.com');
    expect(await refusalOf(world.connect(options))).to.be.instanceOf(DtlsError);
    const stranger = issue({ extensions: CA_EXTENSIONS });
    expect(await refusalOf(world.connect({ ...options, ...stranger }))).to.be.instanceOf(DtlsError);
  });

  it('are chosen by the name that the client asks for', async () => {
    const other = issue({
      issuer: authority,
      extensions: ['subjectAltName=DNS:other.example.com'],
      subject: '/CN=other',
    });
    world.serve({ psk: undefined, certificates: [server, other, { ...renewed, serverNames: ['third.example.com'] }] });
    const subjectFor = async (serverName: string): Promise<string | undefined> => {
      const association = await world.connect({ psk: undefined, authorities: authority.certificate, serverName });
      return association.peerCertificate?.subject;
    };
    expect(await subjectFor('other.example.com')).to.equal('CN=other');
    expect(await subjectFor('server.example.com')).to.equal('CN=first');
  });

  it('must be readable', () => {
    const { certificate } = server;
    for (const wrong of [
      { certificate: 'none', privateKey: 'none' },
      { certificate, privateKey: 'none' },
    ])
      expect(() => createServer({ certificates: [wrong] }))
        .to.throw(DtlsError)
        .with.property('code', 'OSGATE_DTLS_INVALID_CREDENTIALS');
  });
});
