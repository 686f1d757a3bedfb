import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import type { DtlsConnectOptions } from '../../../../dtls/index.ts';
import { makeAuthority, type Authority, type Issued } from '../../../../scenarios/support/certificates.ts';
import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { ALICE, DtlsGateway } from '../../../support/dtls-gateway.ts';
import { OpensslAgent } from '../../../support/openssl-agent.ts';

describe('DTLS with certificates, and SIP, STUN and DTLS at one port', function () {
  this.timeout(60_000);
  let authority: Authority;
  let gateway: DtlsGateway;
  const open: DtlsAgent[] = [];

  before(async () => {
    authority = await makeAuthority('osgate test authority');
    const server = await authority.issue({ commonName: 'osg.example.com', dnsNames: ['osg.example.com'] });
    gateway = await DtlsGateway.start({
      files: {
        'authority.pem': authority.certificatePem,
        'server.pem': server.certificatePem,
        'server.key': server.privateKeyPem,
      },
      gateway: { dtls: { certificates: [{ certificate: 'server.pem', privateKey: 'server.key' }] } },
      agents: {
        transports: ['udp', 'dtls'],
        authenticators: [
          {
            type: 'certificate',
            authorities: 'authority.pem',
            identities: [{ name: 'DNS:meter.example.com', uris: ['sip:meter@example.com'] }],
          },
        ],
        unauthenticatedMethods: ['OPTIONS'],
      },
    });
  });

  after(async () => {
    expect(await gateway.stop()).to.equal(0);
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((agent) => agent.close()));
  });

  const options = (issued?: Issued): DtlsConnectOptions => ({
    host: '127.0.0.1',
    port: gateway.port,
    serverName: 'osg.example.com',
    authorities: authority.certificatePem,
    ...(issued === undefined ? {} : { certificate: issued.certificatePem, privateKey: issued.privateKeyPem }),
  });

  const connect = async (issued?: Issued): Promise<DtlsAgent> => {
    const agent = await DtlsAgent.connect(options(issued));
    open.push(agent);
    return agent;
  };

  it('takes a SIP URI of the certificate for the public identity', async () => {
    const agent = await connect(await authority.issue({ commonName: 'alice', uris: [ALICE] }));
    const response = await agent.message(ALICE);
    expect(response.status).to.equal(200);
    const { request } = await gateway.server.waitFor((received) => received.request.callId === response.callId);
    expect(request.header('P-Asserted-Identity')).to.equal(`<${ALICE}>`);
    expect((await agent.message('sip:bob@example.com')).status).to.equal(403);
  });

  it('takes another name for what the configuration says of it', async () => {
    const agent = await connect(await authority.issue({ commonName: 'm', dnsNames: ['METER.example.com'] }));
    expect((await agent.message('sip:meter@example.com')).status).to.equal(200);
  });

  it('lets nobody in whose certificate names nobody, or is of another authority', async () => {
    const nobody = await connect(await authority.issue({ commonName: 'nobody', dnsNames: ['nobody.example.com'] }));
    await waitFor('the end', () => nobody.closed);
    const other = await makeAuthority('another authority');
    const forged = await other.issue({ commonName: 'alice', uris: [ALICE] });
    const failure: unknown = await DtlsAgent.connect(options(forged)).then(
      // The client's part of the handshake may be over before the server's alert comes.
      async (agent) => waitFor('the end', () => agent.closed),
      (error: unknown) => error,
    );
    expect(failure).to.not.equal(undefined);
    expect(await gateway.metric('osgate_dtls_failed_total{listener="agents",reason="no-identity"}')).to.be.greaterThan(
      0,
    );
  });

  it('without a certificate only what is excused goes through', async () => {
    const agent = await connect();
    expect((await agent.send(agent.createRequest('OPTIONS', 'sip:osg.example.com', ALICE))).status).to.equal(200);
    expect((await agent.message(ALICE)).status).to.equal(403);
  });

  it('answers plain SIP and STUN at the same port', async () => {
    const plain = await SipPeer.open(['UDP']);
    const to = { address: '127.0.0.1', port: gateway.port };
    const request = plain.createRequest('OPTIONS', 'sip:osg.example.com', ALICE);
    expect((await plain.send(request, to, 'UDP')).status).to.equal(200);
    const message = plain.createRequest('MESSAGE', 'sip:bob@example.com', ALICE);
    expect((await plain.send(message, to, 'UDP')).status, 'no certificate can be shown here').to.equal(403);
    await plain.close();
    expect((await stun(gateway.port)).readUInt16BE(0)).to.equal(0x0101);
  });

  it('openssl s_client sends a MESSAGE with a certificate', async () => {
    const issued = await authority.issue({ commonName: 'alice', uris: [ALICE] });
    await writeFile(join(gateway.folder, 'alice.pem'), issued.certificatePem);
    await writeFile(join(gateway.folder, 'alice.key'), issued.privateKeyPem, { mode: 0o600 });
    const client = await OpensslAgent.connect({
      port: gateway.port,
      more: [
        ...['-servername', 'osg.example.com', '-CAfile', join(gateway.folder, 'authority.pem'), '-verify_return_error'],
        ...['-cert', join(gateway.folder, 'alice.pem'), '-key', join(gateway.folder, 'alice.key')],
      ],
    });
    const callId = await client.message(ALICE);
    client.stop();
    const { request } = await gateway.server.waitFor((received) => received.request.callId === callId);
    expect(request.header('P-Asserted-Identity')).to.equal(`<${ALICE}>`);
  });

  it('SIGHUP brings another certificate and other authorities; associations go on', async () => {
    const alice = await connect(await authority.issue({ commonName: 'alice', uris: [ALICE] }));
    expect((await alice.message(ALICE)).status).to.equal(200);
    const before = alice.association.peerCertificate?.fingerprint256;

    const renewed = await authority.issue({ commonName: 'osg.example.com', dnsNames: ['osg.example.com'] });
    await writeFile(join(gateway.folder, 'server.pem'), renewed.certificatePem);
    await writeFile(join(gateway.folder, 'server.key'), renewed.privateKeyPem);
    await gateway.editConfig((text) => text.replace('sip:meter@example.com', 'sip:gauge@example.com'));
    await gateway.reload();

    const agent = await connect(await authority.issue({ commonName: 'm', dnsNames: ['meter.example.com'] }));
    expect(agent.association.peerCertificate?.fingerprint256).to.not.equal(before);
    expect((await agent.message('sip:gauge@example.com')).status).to.equal(200);
    expect((await alice.message(ALICE)).status, 'the old association').to.equal(200);
    expect(alice.closed).to.equal(undefined);

    // A reload whose files make no sense changes nothing.
    await writeFile(join(gateway.folder, 'server.pem'), 'no certificate');
    await gateway.reload();
    expect(gateway.process.records.some(({ event }) => event === 'reload-refused')).to.equal(true);
    const again = await connect(await authority.issue({ commonName: 'alice', uris: [ALICE] }));
    expect((await again.message(ALICE)).status).to.equal(200);
    await writeFile(join(gateway.folder, 'server.pem'), renewed.certificatePem);
  });
});

/** A STUN Binding request, and what comes back. */
async function stun(port: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  const request = Buffer.alloc(20);
  request.writeUInt16BE(0x0001, 0);
  request.writeUInt32BE(0x2112a442, 4);
  socket.send(request, port, '127.0.0.1');
  const [response] = await answer;
  socket.close();
  return response;
}
