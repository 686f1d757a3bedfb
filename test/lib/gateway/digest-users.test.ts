import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import type { PasswordSubscriber } from '../../../kmc/subscribers/index.ts';
import { freePort } from '../../../scenarios/support/free-port.ts';
import { RawAgent, type Credentials } from '../../../scenarios/support/raw-agent.ts';
import { runSipp } from '../../../scenarios/support/sipp.ts';
import { parseChallenge, type SipRequest, type SipResponse } from '../../../sip/index.ts';
import { DigestGateway } from '../../support/digest-gateway.ts';

const CALLS = 5;
const DESK: Credentials = { username: 'desk0', password: 'password-0' };

const users: readonly PasswordSubscriber[] = Array.from({ length: CALLS }, (_, number) => ({
  impi: `desk${number}`,
  impus: [`sip:desk${number}@example.com`],
  password: Buffer.from(`password-${number}`),
  settings: { bsfInfo: {}, ussList: [] },
}));

const listener = (name: string, digest: object): object => ({
  name,
  host: '127.0.0.1',
  port: 0,
  fqdn: 'osg.example.com',
  authenticators: [{ type: 'digest', ...digest }],
});

describe('the gateway as a process, for static users', function () {
  this.timeout(60_000);
  let system: DigestGateway;
  let raw: RawAgent;

  before(async () => {
    system = await DigestGateway.start({
      users,
      listeners: [
        listener('agents', { userCacheSeconds: 1, unknownUserSeconds: 1 }),
        // SIPp and sipsak compute MD5 only, and take the first challenge that comes.
        listener('md5', { algorithms: ['MD5'] }),
        listener('short-nonces', { algorithms: ['MD5'], nonceLifetimeSeconds: 1 }),
        listener('other-realm', { realm: 'Desks of Example', challenge: 'server', qop: ['auth'] }),
      ],
    });
    raw = await RawAgent.open({ address: '127.0.0.1', port: await system.port('agents') });
  });

  after(async () => {
    await raw.close();
    expect(new Set(await system.stop())).to.deep.equal(new Set([0]));
  });

  const message = (from = 'desk0'): SipRequest =>
    raw.createRequest('MESSAGE', 'sip:bob@example.com', `sip:${from}@example.com`);

  const attempt = async (credentials: Credentials, request = message(credentials.username)): Promise<SipResponse> =>
    raw.send(raw.answer(request, await raw.send(request), credentials));

  const refused = async (reason: string): Promise<number> =>
    system.metric(`osgate_sip_refused_total{reason="${reason}",status="407"}`);

  /** Plays a scenario of scenarios/sipp with the real SIPp as each of the users. */
  const play = async (scenario: string, port: number, change: (user: Credentials) => Credentials) => {
    const lines = users.map(({ impi, impus, password }) => {
      const { username, password: secret } = change({ username: impi, password: password.toString() });
      const authentication = `[authentication username=${username} password=${secret}]`;
      return [authentication, authentication, impus[0]].join(';');
    });
    const agents = join(system.folder, `${scenario}.csv`);
    await writeFile(agents, ['SEQUENTIAL', ...lines, ''].join('\n'), { mode: 0o600 });
    const { ok, errors } = await runSipp({
      ...{ scenario, folder: system.folder, agents, calls: CALLS, callsPerSecond: 20, timeoutSeconds: 20 },
      localPort: await freePort(),
      remote: `127.0.0.1:${port}`,
    });
    expect(ok, errors).to.equal(true);
  };

  it('lets a real SIPp in with user name and password, under its public identity', async () => {
    const authenticated = 'osgate_sip_authenticated_total{scheme="digest"}';
    const before = await system.metric(authenticated);
    await play('message', await system.port('md5'), (user) => user);
    expect((await system.metric(authenticated)) - before).to.equal(CALLS);
    const asserted = system.locationServer.records.map((record) => JSON.stringify(record['asserted']));
    for (const { impus } of users) expect(asserted).to.include(JSON.stringify([`<${impus[0] ?? ''}>`]));
  });

  it('lesson 20: counts SIPp’s wrong password, unknown user and stale nonce each by itself', async () => {
    const port = await system.port('md5');
    const counts = async (): Promise<number[]> =>
      Promise.all(['wrong-key', 'unknown-user', 'stale', 'replay'].map(refused));
    const differences = async (work: () => Promise<void>): Promise<number[]> => {
      const before = await counts();
      await work();
      return (await counts()).map((count, index) => count - (before[index] ?? 0));
    };
    expect(
      await differences(async () => play('wrong-password', port, (user) => ({ ...user, password: 'x' }))),
    ).to.deep.equal([CALLS, 0, 0, 0]);
    expect(
      await differences(async () => play('wrong-password', port, (user) => ({ ...user, username: 'nobody' }))),
    ).to.deep.equal([0, CALLS, 0, 0]);
    const shortNonces = await system.port('short-nonces');
    expect(await differences(async () => play('expired-nonce', shortNonces, (user) => user))).to.deep.equal([
      0,
      0,
      CALLS,
      0,
    ]);
    expect(
      await differences(async () => {
        const request = message();
        const signed = raw.answer(request, await raw.send(request), DESK);
        expect((await raw.send(signed)).status).to.equal(200);
        expect((await raw.send(raw.again(signed))).status).to.equal(407);
      }),
    ).to.deep.equal([0, 0, 0, 1]);
  });

  it('lets a real sipsak in', async () => {
    const [port, local] = [await system.port('md5'), await freePort()];
    const file = join(system.folder, 'sipsak.txt');
    await writeFile(file, sipsakMessage(local));
    const target = ['-s', `sip:bob@127.0.0.1:${port}`, '-l', String(local)];
    const child = spawn('sipsak', ['-vv', '-i', '-f', file, ...target, '-u', DESK.username, '-a', DESK.password], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const [output, [code]] = await Promise.all([text(child.stdout), exited]);
    expect(code, output).to.equal(0);
    expect(output).to.include('SIP/2.0 200 OK').and.to.include('rspauth=');
  });

  it('lesson 21: offers SHA-256 first', async () => {
    const challenges = (await raw.send(message())).headers('Proxy-Authenticate').map(parseChallenge);
    expect(challenges.map((challenge) => challenge?.algorithm)).to.deep.equal(['SHA-256', 'MD5']);
    expect(challenges[0]?.realm).to.equal('osg.example.com');
    const response = await attempt(DESK);
    expect(response.status).to.equal(200);
    expect(response.header('Proxy-Authentication-Info')).to.match(/rspauth="[0-9a-f]{64}"/);
  });

  it('challenges with the realm, the status and the qop that are configured', async () => {
    const other = await RawAgent.open({ address: '127.0.0.1', port: await system.port('other-realm') });
    try {
      const request = message();
      const challenged = await other.send(request);
      expect(challenged.status).to.equal(401);
      const challenge = parseChallenge(challenged.header('WWW-Authenticate') ?? '');
      expect(challenge).to.deep.include({ realm: 'Desks of Example', qop: ['auth'], algorithm: 'SHA-256' });
      const response = await other.send(other.answer(request, challenged, DESK));
      expect(response.status).to.equal(200);
      expect(response.header('Authentication-Info')).to.include('rspauth=');
    } finally {
      await other.close();
    }
  });

  it('lesson 22: takes nonce counts that overtook each other, each once', async () => {
    const request = message();
    const challenged = await raw.send(request);
    const statuses: number[] = [];
    for (const count of [2, 1, 1]) {
      statuses.push((await raw.send(raw.answer(request, challenged, DESK, { nonceCount: count }))).status);
    }
    expect(statuses).to.deep.equal([200, 200, 407]);
  });

  it('lesson 19: tells an agent that comes with the nonce of another process to take a new one, and lets it in', async () => {
    const second = await system.addGateway();
    const other = await RawAgent.open({ address: '127.0.0.1', port: await system.port('agents', second) });
    try {
      const request = message();
      const answer = other.answer(request, await raw.send(request), DESK);
      // Counts are kept where the nonce was made: elsewhere the same request could be played again (decision 0026).
      const stale = await other.send(answer);
      expect(stale.status).to.equal(407);
      expect(stale.header('Proxy-Authenticate')).to.contain('stale=true');
      expect((await other.send(other.answer(answer, stale, DESK))).status).to.equal(200);
    } finally {
      await other.close();
    }
  });

  it('answers an unknown user as a wrong password, octet for octet but for what is new each time', async () => {
    const answers: string[] = [];
    for (const credentials of [
      { username: 'desk0', password: 'wrong' },
      { username: 'desk9', password: 'wrong' },
    ]) {
      const request = message();
      const response = await raw.send(raw.answer(request, await raw.send(request), credentials));
      answers.push(
        response
          .toText()
          .replaceAll(request.callId, 'call-id')
          .replaceAll(/(branch|tag|rport)=[^;\r]+/g, '$1')
          .replaceAll(/nonce="[^"]+"/g, 'nonce'),
      );
    }
    expect(answers[0]).to.equal(answers[1]);
    expect(answers[0])
      .to.include('SIP/2.0 407')
      .and.not.to.match(/Warning|stale/);
  });

  it('takes a new password, a new user and a removed one within the configured second', async () => {
    const statusOf = async (credentials: Credentials): Promise<number> => (await attempt(credentials)).status;
    const changed = { username: 'desk1', password: 'changed' };
    expect(await statusOf({ ...changed, password: 'password-1' })).to.equal(200);
    expect(await statusOf({ username: 'new', password: 'new' })).to.equal(407);
    system.database.setPassword('desk1', Buffer.from('changed'));
    system.database.remove('desk2');
    system.database.add({
      impi: 'new',
      impus: ['sip:new@example.com'],
      password: Buffer.from('new'),
      settings: { bsfInfo: {}, ussList: [] },
    });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await statusOf(changed)).to.equal(200);
    expect(await statusOf({ ...changed, password: 'password-1' })).to.equal(407);
    expect(await statusOf({ username: 'new', password: 'new' })).to.equal(200);
    expect(await statusOf({ username: 'desk2', password: 'password-2' })).to.equal(407);
    expect(await system.metric('osgate_sip_listeners_total{kind="user-unknown"}')).to.be.greaterThan(0);
    expect(await system.metric('osgate_sip_listeners_total{kind="user-failures"}')).to.equal(0);
  });

  it('logs no password and no response', () => {
    const log = JSON.stringify(system.gateways.map(({ records }) => records));
    for (const secret of ['password-0', 'rspauth', 'response=']) expect(log.includes(secret), secret).to.equal(false);
  });
});

/** Where sipsak's message goes it says by itself; the Request-URI is ours. */
function sipsakMessage(port: number): string {
  return [
    'MESSAGE sip:bob@example.com SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKsipsak;rport`,
    'Max-Forwards: 70',
    'From: <sip:desk0@example.com>;tag=1',
    'To: <sip:bob@example.com>',
    `Call-ID: sipsak-${port}`,
    'CSeq: 1 MESSAGE',
    'Content-Type: text/plain',
    'Content-Length: 5',
    '',
    'hello',
  ].join('\n');
}
