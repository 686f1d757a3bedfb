import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { freePort } from '../../../../scenarios/support/free-port.ts';
import { runSipp } from '../../../../scenarios/support/sipp.ts';
import {
  formatGpiEnvelope,
  GPI_CONTENT_TYPE,
  parsePushPackage,
  PUSH_PACKAGE_CONTENT_TYPE,
} from '../../../../push/index.ts';
import {
  formatChallenge,
  parseCredentials,
  parseNameAddress,
  type ServerTransaction,
  type SipResponse,
} from '../../../../sip/index.ts';
import { waitFor } from '../../../support/dtls-agent.ts';
import { RealSipNode, respond } from '../../../support/real-sip-node.ts';
import { GatewaySide } from './support/gateway-side.ts';
import { ListeningAgent, type ListeningAgentOptions } from './support/listening-agent.ts';

describe('osgate agent listen, over SIP', function () {
  this.timeout(120_000);
  let folder: string;
  let side: GatewaySide;
  /** Gateway and registrar in one. */
  let gateway: RealSipNode;
  const agents: ListeningAgent[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'osgate-listen-sip-'));
    side = await GatewaySide.open(folder, 0);
    gateway = await RealSipNode.open();
    gateway.answer = registered(3600);
  });

  afterEach(async () => {
    await Promise.all(agents.splice(0).map(async (agent) => agent.stop('SIGKILL')));
    await gateway.close();
    await side.close();
    await rm(folder, { recursive: true });
  });

  async function spawn(options: Partial<ListeningAgentOptions> = {}): Promise<ListeningAgent> {
    const agent = await ListeningAgent.spawn({
      folder,
      arguments: ['--json'],
      ...options,
      agent: { gateway: `sip:127.0.0.1:${gateway.port}`, ...options.agent },
    });
    agents.push(agent);
    return agent;
  }

  async function start(options: Partial<ListeningAgentOptions> = {}): Promise<ListeningAgent> {
    const agent = await spawn(options);
    await agent.event('registered');
    return agent;
  }

  const registers = (): ServerTransaction['request'][] =>
    gateway.requests.map(({ request }) => request).filter(({ method }) => method === 'REGISTER');

  const agentPort = (): number => registers().at(-1)?.topVia?.port ?? 0;

  async function message(contentType: string | undefined, body: Buffer | string): Promise<SipResponse> {
    const request = gateway.createRequest('MESSAGE', 'sip:alice@home1.example');
    if (body.length > 0) request.setBody(body, contentType);
    return (await gateway.send(request, agentPort())).at(-1) ?? expect.fail('no answer');
  }

  it('registers as an outbound agent, answers a push with its receipt in the 200, and takes the registration back', async () => {
    const agent = await start();
    const [register] = registers();
    expect(register?.uri).to.equal('sip:home1.example');
    expect(register?.to.uri).to.equal('sip:alice@home1.example');
    expect(register?.header('Expires')).to.equal('600');
    expect(register?.values('Supported')).to.deep.equal(['path', 'outbound']);
    const contact = parseNameAddress(register?.header('Contact') ?? '');
    expect(contact?.uri).to.match(/^sip:alice@127\.0\.0\.1:\d+;ob$/);
    expect(contact?.parameters.get('reg-id')).to.equal('1');

    const { octets } = await side.package();
    const response = await message(PUSH_PACKAGE_CONTENT_TYPE, octets);
    expect(response.status).to.equal(200);
    expect(response.header('Content-Type')).to.equal(PUSH_PACKAGE_CONTENT_TYPE);
    expect(parsePushPackage(response.bodyBytes())?.message, 'a receipt').to.not.equal(undefined);
    expect((await agent.pushed(1))[0]).to.include({ content: 'where are you?' });
    // The same package in another request: by another way, say.
    const again = await message(PUSH_PACKAGE_CONTENT_TYPE, octets);
    expect(again.bodyBytes()).to.deep.equal(response.bodyBytes());

    expect(await agent.stop()).to.equal(0);
    const [, last] = registers();
    expect(last?.header('Expires')).to.equal('0');
    expect(last?.callId).to.equal(register?.callId);
    expect(last?.cseq.sequence).to.equal(2);
    expect(agent.pushes).to.have.length(1);

    const next = await start();
    const instance = (value: string | undefined): string | undefined =>
      parseNameAddress(value ?? '')?.parameters.get('+sip.instance');
    expect(instance(registers().at(-1)?.header('Contact')), 'the same after a restart').to.equal(
      instance(register?.header('Contact')),
    );
    expect(await next.stop('SIGINT')).to.equal(0);
  });

  it('takes a GPI that comes alone, and a message under its keys after it', async () => {
    const agent = await start();
    const { octets, gpi } = await side.package();
    const first = await message(GPI_CONTENT_TYPE, formatGpiEnvelope({ sessionId: 7, gpi }));
    expect([first.status, first.body]).to.deep.equal([200, '']);
    const parts = parsePushPackage(octets);
    const rest = Buffer.concat([Buffer.of(2, 0, parts?.message?.length ?? 0), parts?.message ?? Buffer.alloc(0)]);
    expect((await message(PUSH_PACKAGE_CONTENT_TYPE, rest)).status).to.equal(200);
    expect((await agent.pushed(1))[0]).to.include({ content: 'where are you?' });
    const replayed = await message(GPI_CONTENT_TYPE, formatGpiEnvelope({ sessionId: 8, gpi }));
    expect(replayed.status).to.equal(488);
    expect((await agent.event('push-refused'))['reason']).to.equal('duplicate-rand');
  });

  it('answers a digest challenge of its realm as a user with a password, and no other realm', async () => {
    await writeFile(join(folder, 'password'), 'correct horse\n');
    const seen: string[] = [];
    gateway.answer = challenging('osg.example.com', seen);
    const digest = { username: 'desk7', passwordFile: 'password' };
    const agent = await start({ agent: { digest } });
    expect(seen).to.deep.equal(['desk7']);
    expect(await agent.stop()).to.equal(0);

    gateway.answer = challenging('trap.example.com', seen);
    const refused = await spawn({ agent: { digest } });
    expect(await refused.ended()).to.equal(6);
    expect(seen, 'nothing for the trap').to.have.length(2);
    expect(refused.stderr).to.include('OSGATE_AGENT_REFUSED').and.not.include('correct horse');
  });

  it('asks for what the registrar wants, and refreshes in time', async () => {
    gateway.answer = (transaction) => {
      if (transaction.request.header('Expires') !== '0' && Number(transaction.request.header('Expires')) < 1000) {
        respond(423, { 'Min-Expires': '1000' })(transaction);
      } else registered(10)(transaction);
    };
    const agent = await start();
    expect(registers().map((request) => request.header('Expires'))).to.deep.equal(['600', '1000']);
    await waitFor('a refresh', () => (registers().length >= 3 ? true : undefined), 15_000);
    expect(await agent.stop()).to.equal(0);
  });

  it('registers anew with back-off after a refusal of the flow (430)', async () => {
    let answers = 0;
    gateway.answer = (transaction) => {
      // The first one lasts so short that it is refreshed soon, by then the flow is gone.
      if (++answers === 2) respond(430)(transaction);
      else registered(10)(transaction);
    };
    const agent = await start({ agent: { dtls: { reconnect: { initialMilliseconds: 100 } } } });
    const failed = await agent.event('not-registered');
    expect(failed['reason']).to.include('430');
    await waitFor('another registration', () => (answers >= 3 ? true : undefined), 15_000);
    expect(await agent.stop()).to.equal(0);
  });

  it('turns a real SIPp away that plays a gateway without manners, and answers its copies alike', async () => {
    const agent = await start();
    const file = join(folder, 'unmannerly.xml');
    await writeFile(file, UNMANNERLY);
    const { ok, errors } = await runSipp({
      ...{ scenario: 'unmannerly', file, folder, calls: 20, callsPerSecond: 20, timeoutSeconds: 60 },
      localPort: await freePort(),
      remote: `127.0.0.1:${agentPort()}`,
    });
    expect(ok, errors).to.equal(true);
    const { octets } = await side.package();
    expect((await message(PUSH_PACKAGE_CONTENT_TYPE, octets)).status, 'and goes on').to.equal(200);
    expect(await agent.stop()).to.equal(0);
    const sip = agent.counters['sip'] as Record<string, number>;
    expect(sip).to.include({ otherRequests: 60, unsupportedMedia: 20 });
    // SIPp sends what went out last once more when it sees the copy of an answer.
    expect(sip['retransmissionsIn']).to.be.at.least(20);
    expect(agent.counters['ignored']).to.deep.equal({ malformed: 40 });
    expect(agent.pushes).to.have.length(1);
  });
});

/** Grants so many seconds. */
function registered(seconds: number) {
  return (transaction: ServerTransaction): void => {
    const { request } = transaction;
    const asked = Number(request.header('Expires'));
    const granted = asked === 0 ? 0 : seconds;
    respond(200, { Contact: `${request.header('Contact') ?? ''};expires=${granted}` })(transaction);
  };
}

/** Challenges who brings no credentials; the names of those who do are noted. */
function challenging(realm: string, seen: string[]) {
  return (transaction: ServerTransaction): void => {
    const { request } = transaction;
    const credentials = request.header('Proxy-Authorization');
    if (credentials === undefined) {
      const challenge = { realm, nonce: 'abc', algorithm: 'SHA-256', qop: ['auth'], stale: false };
      respond(407, { 'Proxy-Authenticate': formatChallenge(challenge) })(transaction);
      return;
    }
    seen.push(parseCredentials(credentials)?.username ?? '');
    registered(3600)(transaction);
  };
}

function sippRequest(
  method: string,
  sequence: number,
  branch: string,
  body: { type?: string; text?: string } = {},
): string {
  return `<send><![CDATA[
      ${method} sip:alice@home1.example SIP/2.0
      Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[call_number]-${branch};rport
      Max-Forwards: 70
      From: <sip:osg.example.com>;tag=[pid]SIPpTag[call_number]
      To: <sip:alice@home1.example>
      Call-ID: [call_id]
      CSeq: ${sequence} ${method}
${body.type === undefined ? '' : `      Content-Type: ${body.type}\n`}      Content-Length: [len]

      ${body.text ?? ''}
    ]]></send>`;
}

const UNMANNERLY = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="unmannerly">
  ${sippRequest('OPTIONS', 1, 'a')}
  <recv response="200"><action><ereg regexp="MESSAGE" search_in="hdr" header="Allow:" check_it="true" assign_to="1"/></action></recv>
  ${sippRequest('INVITE', 2, 'b')}
  <recv response="405"><action><ereg regexp="MESSAGE" search_in="hdr" header="Allow:" check_it="true" assign_to="1"/></action></recv>
  ${sippRequest('ACK', 2, 'b')}
  ${sippRequest('X-UNHEARD', 3, 'c')}
  <recv response="405"/>
  ${sippRequest('MESSAGE', 4, 'd', { type: 'text/plain', text: 'hello' })}
  <recv response="415"><action><ereg regexp="gba-push" search_in="hdr" header="Accept:" check_it="true" assign_to="1"/></action></recv>
  ${sippRequest('MESSAGE', 5, 'e', { type: 'application/vnd.osgate.gba-push', text: 'no package [call_number]' })}
  <recv response="488"/>
  <!-- A copy. Its answer is the same octets, so that SIPp takes it for a copy too and says nothing. -->
  ${sippRequest('MESSAGE', 5, 'e', { type: 'application/vnd.osgate.gba-push', text: 'no package [call_number]' })}
  ${sippRequest('MESSAGE', 6, 'f', { type: 'application/vnd.3gpp.gba.gpi', text: 'no envelope [call_number]' })}
  <recv response="488"/>
  <Reference variables="1"/>
</scenario>
`;
