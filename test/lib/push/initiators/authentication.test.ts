import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

import { Metrics } from '../../../../lib/ops/index.ts';
import { dnsNamesOf } from '../../../../lib/push/initiators/client-certificate.ts';
import { addInitiatorMetrics } from '../../../../lib/push/initiators/index.ts';
import { HttpDigest } from '../../../../lib/push/initiators/http-digest.ts';
import { parseChallenge } from '../../../../sip/digest/index.ts';
import { InitiatorWorld, PASSWORD, TOKEN, WEATHER, type CurlAnswer } from '../support/initiator-world.ts';

describe('authentication of initiators', () => {
  let world: InitiatorWorld;

  before(async () => {
    world = await InitiatorWorld.open();
  });

  after(async () => {
    await world.close();
  });

  const codeOf = ({ status, body }: CurlAnswer): string => `${status} ${(JSON.parse(body) as { code: string }).code}`;
  const ask = (...options: string[]): Promise<CurlAnswer> => world.curl('/pushes/nobody', ...options);
  const ADMITTED = '404 push-unknown';
  const certificate = (name: string): string[] => [
    '--cert',
    world.file(`${name}.pem`),
    '--key',
    world.file(`${name}.key`),
  ];

  it('lets in who has a token, a password for Digest, or a certificate', async () => {
    expect(codeOf(await ask('-H', `Authorization: Bearer ${TOKEN}`))).to.equal(ADMITTED);
    const digest = await ask('--digest', '-u', `news:${PASSWORD}`);
    expect(codeOf(digest)).to.equal(ADMITTED);
    // The server has proved that it has the password too.
    expect(digest.headers).to.match(/authentication-info: .*rspauth="[0-9a-f]{64}"/i);
    expect(codeOf(await ask(...certificate('weather')))).to.equal(ADMITTED);
  });

  it('lets a body in after Digest', async () => {
    const push = { recipient: { type: 'impi', value: 'a@b' }, contentType: 'text/plain', content: 'x' };
    const body = ['-H', 'Content-Type: application/json', '-d', JSON.stringify(push)];
    expect((await world.curl('/pushes', '--digest', '-u', `news:${PASSWORD}`, ...body)).status).to.equal(202);
  });

  it('offers what there is to whoever comes without', async () => {
    const answer = await ask();
    expect(codeOf(answer)).to.equal('401 no-credentials');
    expect(answer.headers)
      .to.match(/www-authenticate: Digest realm="push\.example\.net", nonce="\S+", algorithm=SHA-256, qop="auth"/i)
      .and.match(/www-authenticate: Bearer realm="push\.example\.net"/i);
  });

  const refusals: Record<string, [code: string, options: () => string[]]> = {
    'a wrong token': ['401 token-wrong', () => ['-H', `Authorization: Bearer ${TOKEN}x`]],
    'the beginning of a token': ['401 token-wrong', () => ['-H', `Authorization: Bearer ${TOKEN.slice(0, -1)}`]],
    Basic: ['401 scheme-unsupported', () => ['-u', `news:${PASSWORD}`]],
    'what cannot be read': ['401 malformed-credentials', () => ['-H', 'Authorization: ???']],
    'Digest that cannot be read': ['401 malformed-credentials', () => ['-H', 'Authorization: Digest username']],
    'a wrong password': ['401 digest-wrong', () => ['--digest', '-u', `news:${PASSWORD}x`]],
    'a name that nobody has': ['401 digest-wrong', () => ['--digest', '-u', `nobody:${PASSWORD}`]],
    'the name of one without a password': ['401 digest-wrong', () => ['--digest', '-u', `weather:${PASSWORD}`]],
    'a certificate that nobody has': ['403 certificate-unknown', () => certificate('stranger')],
    'a certificate of another authority': ['403 certificate-untrusted', () => certificate('forged')],
    'a wrong token beside a good certificate': [
      '401 token-wrong',
      () => ['-H', 'Authorization: Bearer wrong', ...certificate('weather')],
    ],
  };
  for (const [what, [code, options]] of Object.entries(refusals)) {
    it(`refuses ${what}: ${code}, and counts it`, async () => {
      const [, reason = ''] = code.split(' ');
      const counted = (): number =>
        world.server.counters.authenticationRefusals[
          reason as keyof typeof world.server.counters.authenticationRefusals
        ];
      const before = counted();
      expect(codeOf(await ask(...options()))).to.equal(code);
      expect(counted()).to.equal(before + 1);
    });
  }

  it('asks for authentication before anything else, whatever the path', async () => {
    for (const path of ['/', '/pushes', '/openapi.jso', '//openapi.json', '/openapi.json/', '/OPENAPI.JSON']) {
      expect((await world.curl(path)).status, path).to.equal(401);
    }
    expect((await world.curl('/openapi.json', '-X', 'POST')).status).to.equal(401);
  });

  it('refuses to start with secrets that are none, or not there', async () => {
    // A folder has a certificate, which is long enough and has blanks, but no secret.
    for (const token of [{ file: 'nowhere' }, { file: 'server.pem' }, { environment: 'OSGATE_TEST_UNSET' }]) {
      const opened = InitiatorWorld.open({ initiators: [{ ...WEATHER, token }] });
      const error = await opened.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.have.property('code', 'OSGATE_CONFIG_INVALID');
    }
  });

  it('refuses connections beyond the bound, and counts them; the others go on', async () => {
    const small = await InitiatorWorld.open({
      tls: undefined,
      maximumConnections: 1,
      initiators: [{ name: 'weather', token: { file: 'weather.token' }, recipients: ['*'] }],
    });
    const first = connect(small.server.port, '127.0.0.1');
    try {
      await once(first, 'connect');
      first.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(first, 'data');
      const second = connect(small.server.port, '127.0.0.1');
      second.on('error', () => undefined);
      await once(second, 'close');
      expect(small.server.counters.connections.refused).to.equal(1);
      const metrics = new Metrics();
      addInitiatorMetrics(metrics, small.server.counters, small.desk);
      const text = await metrics.render();
      expect(text).to.include('osgate_push_connections_total{outcome="refused"} 1');
      expect(text).to.include('osgate_push_authentication_refusals_total{reason="token-wrong"} 0');
      expect(first.closed).to.equal(false);
    } finally {
      first.destroy();
      await small.close();
    }
  });

  it('closes connections that are idle, and requests that do not come to their end', async () => {
    const quick = await InitiatorWorld.open({
      tls: undefined,
      requestTimeoutMilliseconds: 50,
      idleTimeoutMilliseconds: 50,
      initiators: [{ name: 'weather', token: { file: 'weather.token' }, recipients: ['*'] }],
    });
    try {
      for (const [sent, answer] of [
        ['GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 200'],
        ['GET /openapi.json HTTP/1.1\r\nHost:', 'HTTP/1.1 408'],
      ] as const) {
        const socket = connect(quick.server.port, '127.0.0.1');
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.write(sent);
        await once(socket, 'close');
        expect(text.slice(0, answer.length)).to.equal(answer);
      }
    } finally {
      await quick.close();
    }
  });

  it('takes tokens and passwords from the environment', async () => {
    process.env['OSGATE_TEST_TOKEN'] = 'environment-0123456789';
    const other = await InitiatorWorld.open({
      initiators: [{ ...WEATHER, token: { environment: 'OSGATE_TEST_TOKEN' } }],
    });
    try {
      const answer = await other.curl('/pushes/nobody', '-H', 'Authorization: Bearer environment-0123456789');
      expect(codeOf(answer)).to.equal(ADMITTED);
      expect((await other.curl('/pushes/nobody', '--digest', '-u', 'news:x')).headers).not.to.include('Digest');
    } finally {
      delete process.env['OSGATE_TEST_TOKEN'];
      await other.close();
    }
  });
});

describe('HTTP Digest', () => {
  const clock = { now: 1_000_000 };
  const make = (changes = {}): HttpDigest =>
    new HttpDigest({
      realm: 'push.example.net',
      nonceLifetimeSeconds: 60,
      nonceCountWindow: 8,
      maximumNonces: 2,
      passwords: new Map([['news', PASSWORD]]),
      now: () => clock.now,
      ...changes,
    });

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  /** RFC 7616 3.4.1, written down once more. */
  function credentials(digest: HttpDigest | string, changes: Record<string, string> = {}): string {
    const nonce = typeof digest === 'string' ? digest : (parseChallenge(digest.challenge(false))?.nonce ?? '');
    const fields = { username: 'news', realm: 'push.example.net', nonce, uri: '/pushes', nc: '00000001', ...changes };
    const all = { cnonce: 'abc', qop: 'auth', algorithm: 'SHA-256', ...fields };
    const a1 = sha256(`${all.username}:${all.realm}:${PASSWORD}`);
    const a2 = sha256(`POST:${all.uri}`);
    const response = sha256(`${a1}:${all.nonce}:${all.nc}:${all.cnonce}:${all.qop}:${a2}`);
    const { nc, qop, algorithm, ...quoted } = { ...all, response, ...changes };
    const text = Object.entries(quoted).map(([name, value]) => `${name}="${value}"`);
    return `Digest ${text.join(', ')}, nc=${nc}, qop=${qop}, algorithm=${algorithm}`;
  }

  const verdictOf = (digest: HttpDigest, authorization: string, method = 'POST', target = '/pushes'): string => {
    const verdict = digest.verify(authorization, method, target);
    return verdict.ok ? `ok ${verdict.name}` : verdict.reason;
  };

  it('takes each count of a nonce once, also out of order', () => {
    const digest = make();
    const nonce = parseChallenge(digest.challenge(false))?.nonce ?? '';
    expect(verdictOf(digest, credentials(nonce))).to.equal('ok news');
    expect(verdictOf(digest, credentials(nonce))).to.equal('digest-replay');
    expect(verdictOf(digest, credentials(nonce, { nc: '00000003' }))).to.equal('ok news');
    expect(verdictOf(digest, credentials(nonce, { nc: '00000002' }))).to.equal('ok news');
    expect(verdictOf(digest, credentials(nonce, { nc: '00000002' }))).to.equal('digest-replay');
    expect(verdictOf(digest, credentials(nonce, { nc: '00000020' }))).to.equal('ok news');
    expect(verdictOf(digest, credentials(nonce, { nc: '00000004' }))).to.equal('digest-replay');
  });

  it('is bound to the method and the target', () => {
    const digest = make();
    expect(verdictOf(digest, credentials(digest), 'DELETE')).to.equal('digest-wrong');
    expect(verdictOf(digest, credentials(digest), 'POST', '/pap')).to.equal('digest-uri-mismatch');
  });

  it('asks for another nonce when one is old or of somebody else', () => {
    const digest = make();
    const old = credentials(digest);
    clock.now += 60_000;
    expect(verdictOf(digest, old)).to.equal('digest-stale');
    expect(verdictOf(digest, credentials(make()))).to.equal('digest-stale');
    expect(parseChallenge(digest.challenge(true))?.stale).to.equal(true);
  });

  it('refuses new nonces while as many are in use as may be', () => {
    const digest = make();
    const first = parseChallenge(digest.challenge(false))?.nonce ?? '';
    expect(verdictOf(digest, credentials(first))).to.equal('ok news');
    expect(verdictOf(digest, credentials(digest))).to.equal('ok news');
    expect(verdictOf(digest, credentials(digest))).to.equal('digest-nonces-full');
    expect(verdictOf(digest, credentials(first, { nc: '00000002' }))).to.equal('ok news');
  });

  it('takes nothing weaker than it offers', () => {
    const digest = make();
    const weaker: Record<string, string>[] = [
      { algorithm: 'MD5' },
      { algorithm: 'SHA-256-sess' },
      { qop: 'auth-int' },
      { realm: 'x' },
    ];
    for (const changes of weaker) {
      expect(verdictOf(digest, credentials(digest, changes)), JSON.stringify(changes)).to.equal('digest-unsupported');
    }
    expect(verdictOf(digest, credentials(digest, { response: '' }))).to.equal('digest-wrong');
  });
});

describe('names in a certificate', () => {
  it('are those that the authority confirmed, and none from within a quoted name (CVE-2021-44532)', () => {
    expect(dnsNamesOf('DNS:A.example.com, IP Address:192.0.2.1, DNS:b.example.com')).to.deep.equal([
      'a.example.com',
      'b.example.com',
    ]);
    expect(dnsNamesOf('DNS:"x, DNS:weather.example.com, DNS:y"')).to.deep.equal([]);
    expect(dnsNamesOf(undefined)).to.deep.equal([]);
  });
});
