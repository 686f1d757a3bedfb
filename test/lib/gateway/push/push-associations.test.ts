import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { OSGATE } from '../../../../scenarios/support/node-process.ts';
import { SipPeer } from '../../../../scenarios/support/sip-peer.ts';
import { DtlsAgent, waitFor } from '../../../support/dtls-agent.ts';
import { OpensslAgent } from '../../../support/openssl-agent.ts';
import { runProgram, type ProgramResult } from '../../../support/run-program.ts';
import { PushedAgent, type PushedCredentials } from './support/pushed-agent.ts';
import { ALICE, GATEWAY_FQDN, INSIDE_LISTENER, PushWorld } from './support/push-world.ts';

const BOB = 'sip:bob@home1.example';
const own = { host: '127.0.0.1', port: 0, fqdn: GATEWAY_FQDN };

/** SIPp and sipsak know MD5 only. */
const digest = { algorithms: ['MD5'], qop: ['auth'] };

const LISTENERS = [
  { ...own, name: 'channel', transports: ['dtls'], authenticators: [{ type: 'gba-psk' }, { type: 'push-psk' }] },
  { ...own, name: 'digest', transports: ['udp'], authenticators: [{ type: 'push-digest', ...digest }] },
  {
    ...own,
    name: 'both',
    transports: ['udp', 'dtls'],
    authenticators: [{ type: 'push-psk', digestAsWell: true }, { type: 'push-digest' }, { type: 'gba-digest' }],
  },
  INSIDE_LISTENER,
];

describe('the NAF SA of a push, used afterwards', function () {
  this.timeout(60_000);
  let server: SipPeer;
  let agent: PushedAgent;
  let world: PushWorld;
  let alice: PushedCredentials;
  const associations: DtlsAgent[] = [];

  const open = async (dispatch: object = {}): Promise<void> => {
    server = await SipPeer.open();
    agent = await PushedAgent.open();
    world = await PushWorld.open({
      sip: LISTENERS,
      // A busy machine is not what this is about.
      gateway: { admission: { overload: { delayMilliseconds: 30_000, maximumDelayMilliseconds: 60_000 } } },
      sec3: [{ name: 'server', domains: ['home1.example'], targets: [`sip:127.0.0.1:${server.port}`] }],
      push: {
        addresses: [{ recipient: ALICE, udp: `127.0.0.1:${agent.port}` }],
        carriers: [{ type: 'udp', host: '127.0.0.1', port: 0 }],
        dispatch,
      },
    });
    alice = await agent.pushed(world);
  };

  const close = async (): Promise<void> => {
    for (const one of associations.splice(0)) await one.close();
    await agent.close();
    await server.close();
    expect(await world.close()).to.equal(0);
  };

  const connect = async (session?: Buffer, credentials = alice): Promise<DtlsAgent> => {
    const one = await DtlsAgent.connect({
      host: '127.0.0.1',
      port: await world.port('channel'),
      psk: { identity: credentials.identity, key: credentials.key },
      handshakeTimeoutMilliseconds: 5000,
      ...(session === undefined ? {} : { session }),
    });
    associations.push(one);
    return one;
  };

  const failureOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'none',
      (error: unknown) => String((error as { code?: unknown }).code),
    );

  const sipp = async (username: string, password: string): Promise<ProgramResult> => {
    const file = join(world.folder, 'message.xml');
    await writeFile(file, sippScenario(username, password));
    const peer = `127.0.0.1:${await world.port('digest')}`;
    const options = ['-sf', file, '-m', '1', '-i', '127.0.0.1', '-nostdin', '-timeout', '10', '-timeout_error'];
    return runProgram('sipp', [...options, '-recv_timeout', '3000', peer], { timeout: 20_000 });
  };

  const osgate = async (config: string, ...parameters: string[]): Promise<ProgramResult> =>
    runProgram(process.execPath, [OSGATE, 'agent', parameters[0] ?? '', '-c', config, ...parameters.slice(1)], {
      timeout: 20_000,
    });

  const assertedOf = (): string | undefined => server.received.at(-1)?.request.header('P-Asserted-Identity');

  describe('while it lasts', () => {
    before(() => open());
    after(close);

    it('lets openssl in over DTLS, at a listener that takes GBA keys too and hints at both', async () => {
      const { port, ...psk } = { port: await world.port('channel'), identity: alice.identity };
      const openssl = await OpensslAgent.connect({ port, ...psk, key: alice.key.toString('hex') });
      try {
        await openssl.message(ALICE, BOB);
        expect(assertedOf()).to.equal(`<${ALICE}>`);
      } finally {
        openssl.stop();
      }
      let hint: string | undefined;
      const other = await DtlsAgent.connect({
        host: '127.0.0.1',
        port,
        psk: async (given) => {
          hint = given;
          return { identity: alice.identity, key: alice.key };
        },
      });
      associations.push(other);
      expect(hint).to.equal('3GPP-bootstrapping;osgate-gba-push');
    });

    it('lets SIPp in over UDP with the P-TID as its user name, and refuses a wrong password and an unknown P-TID', async () => {
      const right = await sipp(alice.ptid, alice.password);
      expect(right.code, right.errors).to.equal(0);
      expect(assertedOf()).to.equal(`<${ALICE}>`);
      const before = server.received.length;
      expect((await sipp(alice.ptid, 'wrong')).code).not.to.equal(0);
      expect((await sipp('bm9ib2R5', alice.password)).code).not.to.equal(0);
      expect(server.received).to.have.length(before);
      const refused = (reason: string): Promise<number> =>
        world.metric(`osgate_sip_refused_total{reason="${reason}",status="407"}`);
      expect(await refused('wrong-key')).to.be.greaterThan(0);
      expect(await refused('unknown-association')).to.be.greaterThan(0);
    });

    it('refuses a wrong key, an unknown P-TID and the form of GBA in the same way in the handshake', async () => {
      const failures = [
        { ...alice, key: Buffer.alloc(32) },
        { ...alice, identity: 'osgate-gba-push;bm9ib2R5' },
        { ...alice, identity: `3GPP-bootstrapping;${alice.ptid}` },
        { ...alice, identity: alice.ptid },
      ];
      const codes = [];
      for (const credentials of failures) codes.push(await failureOf(connect(undefined, credentials)));
      expect(new Set(codes).size).to.equal(1);
      expect(codes[0]).not.to.equal('none');
    });

    it('lets the agent speak as whom the settings of GSID 0 name, and as nobody else', async () => {
      const one = await connect();
      expect((await one.message(ALICE, BOB)).status).to.equal(200);
      expect((await one.message('sip:carol@home1.example', BOB)).status).to.equal(403);
      expect((await one.message('tel:+4930123456', BOB)).status).to.equal(200);
      expect(assertedOf()).to.equal('<tel:+4930123456>');
    });

    it('serves osgate agent over UDP, over DTLS, and with a digest inside DTLS', async () => {
      const [udp, channel, both] = await Promise.all(['digest', 'channel', 'both'].map((name) => world.port(name)));
      const configs = [
        await agent.config(`sip:127.0.0.1:${udp ?? 0}`, {}),
        await agent.config(`sip:127.0.0.1:${channel ?? 0}`, { transport: 'dtls' }),
        await agent.config(`sip:127.0.0.1:${both ?? 0}`, { transport: 'dtls', keys: 'any' }),
      ];
      for (const config of configs) {
        const before = server.received.length;
        const { code, output, errors } = await osgate(config, 'message', BOB, 'after the push');
        expect(code, errors).to.equal(0);
        expect(output).to.contain('200');
        expect(server.received).to.have.length(before + 1);
        expect(assertedOf()).to.equal(`<${ALICE}>`);
      }
    });

    it('is there after kill -9 of the gateway, and after a normal restart', async () => {
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        await world.restart(signal);
        expect((await sipp(alice.ptid, alice.password)).code).to.equal(0);
        expect((await (await connect()).message(ALICE, BOB)).status).to.equal(200);
      }
    });

    it('resumes a session as long as it lasts', async () => {
      const first = await connect();
      const { session } = first.association;
      await first.close();
      const second = await connect(session);
      expect(second.association.resumed).to.equal(true);
      expect((await second.message(ALICE, BOB)).status).to.equal(200);
    });
  });

  describe('when it ends', () => {
    before(() => open({ keyLifetimeSeconds: 15, minimumKeyRestMilliseconds: 0 }));
    after(close);

    it('ends the association with it, is resumed no more, is refused everywhere, and the next push brings another', async () => {
      const one = await connect();
      const { session } = one.association;
      expect((await sipp(alice.ptid, alice.password)).code).to.equal(0);
      const { expiresAt } = await agent.newest();
      await waitFor('the end of the association', () => one.closed, 30_000);
      expect(Date.now()).to.be.at.least(expiresAt - 1000);
      await delay(Math.max(0, expiresAt + 100 - Date.now()));
      expect(await failureOf(connect(session))).not.to.equal('none');
      expect(await failureOf(connect())).not.to.equal('none');
      expect((await sipp(alice.ptid, alice.password)).code).not.to.equal(0);
      const config = await agent.config(`sip:127.0.0.1:${await world.port('digest')}`, {});
      const { code, errors } = await osgate(config, 'message', BOB, 'too late');
      expect([code, errors]).to.deep.equal([
        7,
        'osgate: OSGATE_AGENT_NO_KEYS: no NAF SA of a push of osg.home1.example is good (there is none): the next push brings one\n',
      ]);
      const next = await agent.pushed(world);
      expect(next.ptid).not.to.equal(alice.ptid);
      expect((await sipp(next.ptid, next.password)).code).to.equal(0);
      expect((await (await connect(undefined, next)).message(ALICE, BOB)).status).to.equal(200);
    });
  });
});

function sippScenario(username: string, password: string): string {
  const message = (number: number, more: string): string => `
  <send retrans="500"><![CDATA[
      MESSAGE ${BOB} SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
      Max-Forwards: 70
      From: <${ALICE}>;tag=[pid]SIPpTag[call_number]
      To: <${BOB}>
      Call-ID: [call_id]
      CSeq: ${number} MESSAGE
      ${more}
      Content-Type: text/plain
      Content-Length: [len]

      hello
  ]]></send>`;
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="push-digest">
${message(1, 'Subject: first')}
  <recv response="407" auth="true"/>
${message(2, `[authentication username=${username} password=${password}]`)}
  <recv response="200"/>
</scenario>
`;
}
