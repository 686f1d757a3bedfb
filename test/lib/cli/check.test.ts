import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { osgate } from '../../support/osgate.ts';

const AGENT = `
agent:
  impi: 001010000000001@ims.example.net
  publicIdentity: sip:alice@example.net
  usim: { k: '465b5ce8b199b49faa5f0a2ee238a6bc', opc: 'cd63cb71954a9f4e48a5994e37a02baf' }
  ub: { url: 'https://127.0.0.1:8443/', authorities: authorities.pem }
  gateway: sip:127.0.0.1:5060
  gatewayFqdn: gateway.example.net
`;

const KMC = `
kmc:
  domain: kmc.example.net
  subscribers: { database: subscribers.sqlite, secretKey: { file: secret.key } }
`;

describe('osgate check', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-check-'));
    path = join(folder, 'osgate.yaml');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('says ok and exits 0', async () => {
    await writeFile(path, KMC);
    await writeFile(join(folder, 'secret.key'), '00'.repeat(32), { mode: 0o600 });
    expect(await osgate('check', '-c', path)).to.deep.equal({ code: 0, stdout: `${path}: ok\n`, stderr: '' });
  });

  it('prints every wrong key and exits 2', async () => {
    await writeFile(path, 'log: { level: loud, fromat: json }');
    expect(await osgate('check', '-c', path)).to.deep.equal({
      code: 2,
      stdout: '',
      stderr:
        'osgate: OSGATE_CONFIG_INVALID: osgate.yaml:1: log.level: found "loud", expected one of fatal, error, warn, info, debug, trace, silent\n' +
        'osgate: OSGATE_CONFIG_INVALID: osgate.yaml:1: log.fromat: is an unknown key, did you mean "format"?\n',
    });
  });

  it('exits 2 when the file is not there', async () => {
    const { code, stderr } = await osgate('check', '-c', path);
    expect(code).to.equal(2);
    expect(stderr).to.equal(`osgate: OSGATE_CONFIG_UNREADABLE: ${path}: cannot be read (ENOENT)\n`);
  });

  it('names every file that cannot be used and exits 2', async () => {
    await writeFile(path, KMC.replace('subscribers.sqlite', 'missing/subscribers.sqlite') + AGENT);
    await writeFile(join(folder, 'authorities.pem'), 'no certificate');
    const { code, stderr } = await osgate('check', '-c', path);
    expect(code).to.equal(2);
    const start = `osgate: OSGATE_CONFIG_INVALID: ${path}: `;
    expect(stderr.trim().split('\n')).to.deep.equal([
      `${start}kmc.subscribers.secretKey: ${join(folder, 'secret.key')}: cannot be read (ENOENT)`,
      `${start}kmc.subscribers.database: ${join(folder, 'missing/subscribers.sqlite')} cannot be written (ENOENT)`,
      `${start}agent.ub.authorities: ${join(folder, 'authorities.pem')} has no certificate in PEM form (ERR_OSSL_PEM_NO_START_LINE)`,
    ]);
  });

  it('names an environment variable that is not set', async () => {
    await writeFile(path, KMC.replace('file: secret.key', 'environment: OSGATE_TEST_UNSET'));
    const { code, stderr } = await osgate('check', '-c', path);
    expect(code).to.equal(2);
    expect(stderr).to.include('kmc.subscribers.secretKey: the environment variable OSGATE_TEST_UNSET is not set');
  });

  it('prints what is in force, with secrets masked', async () => {
    await writeFile(path, AGENT.replace(', authorities: authorities.pem', ''));
    const { code, stdout } = await osgate('check', '-c', path, '--print');
    expect(code).to.equal(0);
    expect(stdout).to.include('timeoutMilliseconds: 32000').and.include('k: "[secret]"').and.not.include('465b5ce8');
  });

  it('looks into the files of DTLS too, and never shows a key', async () => {
    await writeFile(
      path,
      `${KMC}
gateway:
  keyCentre: { type: embedded }
  dtls: { certificates: [{ certificate: osg.pem, privateKey: osg.key }] }
  sec1:
    sip:
      - name: agents
        host: 127.0.0.1
        transports: [dtls]
        fqdn: osg.example.net
        authenticators: [{ type: psk, identities: keys.psk }, { type: certificate, authorities: devices.pem }]
`,
    );
    await writeFile(join(folder, 'secret.key'), '00'.repeat(32), { mode: 0o600 });
    await writeFile(join(folder, 'keys.psk'), 'meter:abcd');
    const { code, stderr } = await osgate('check', '-c', path);
    expect(code).to.equal(2);
    const start = `osgate: OSGATE_CONFIG_INVALID: ${path}: gateway.`;
    expect(stderr.trim().split('\n')).to.deep.equal([
      `${start}dtls.certificates[0].certificate: ${join(folder, 'osg.pem')} cannot be read (ENOENT)`,
      `${start}sec1.sip[0].authenticators[0]: ${join(folder, 'keys.psk')}:1: a key has 16 to 64 octets`,
      `${start}sec1.sip[0].authenticators[1].authorities: ${join(folder, 'devices.pem')} cannot be read (ENOENT)`,
    ]);
  });
});
