// `npm run demo`: an authorised location session from end to end, then an intruder and a replay that are refused.
// Every part is a process of its own on loopback. The exit status is 0 only if all of it happened.
import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'undici';

import { computeUbResponse, formatDigestParameters, parseDigestHeader } from '../../kmc/ub/index.ts';
import { NatRelay } from '../support/nat-relay.ts';
import { NodeProcess, OSGATE, type LogRecord } from '../support/node-process.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { scenarioSubscriber } from '../support/subscribers.ts';
import { GATEWAY_FQDN, System } from '../support/system.ts';
import { Ladder } from './ladder.ts';
import { Narrator } from './narrator.ts';

const narrator = new Narrator();

const alice = scenarioSubscriber(0);
const target = 'sip:bob@example.com';
const LONGEST_SESSION_MILLISECONDS = 30_000;

const dtlsListener = { name: 'agents-dtls', host: '127.0.0.1', port: 0, transports: ['dtls'], fqdn: GATEWAY_FQDN };
const system = await System.start({
  subscribers: [alice],
  locationServer: ['--interval', '400'],
  moreListeners: [{ ...dtlsListener, authenticators: [{ type: 'gba-psk' }] }],
});
const dtlsPort = await system.listenerPort('agents-dtls');
const nat = await NatRelay.open(dtlsPort);
if (process.env.OSGATE_DEMO_PORTS !== undefined) {
  const sip = [system.gatewayPort, await system.listenerPort('inside'), system.locationServerPort];
  console.log(JSON.stringify({ event: 'ports', sip, dtls: [dtlsPort, nat.port] }));
}
try {
  console.log('key centre, gateway and location server run; the gateway listens');
  console.log(`on 127.0.0.1:${dtlsPort} for DTLS and on 127.0.0.1:${system.gatewayPort} for UDP\n`);
  await bootstrap();
  await follow();
  await refuseWrongCard();
  await refuseForgedBootstrapping();
  await refuseWrongKey();
  await refuseReplay();
} catch (error) {
  narrator.fail(error);
} finally {
  nat.close();
  const statuses = await system.stop();
  narrator.check(
    statuses.every((status) => status === 0),
    `every process ends with 0 after SIGTERM (${statuses.join(', ')})`,
  );
}
narrator.end();

async function bootstrap(): Promise<void> {
  narrator.step('The agent bootstraps with the key centre (Ub, AKA) and has a B-TID');
  const { code, records } = await agent('alice', ['bootstrap', '--json']);
  const done = system.kmc.records.find((record) => record.event === 'bootstrapped');
  console.log(`   ${String(records[0]?.btid)}\n   valid until ${String(records[0]?.expires)}`);
  narrator.check(code === 0 && done?.impi === alice.impi, 'the key centre authenticated the agent by AKA');
}

async function follow(): Promise<void> {
  narrator.step('The agent subscribes to where Bob is, through the gateway, over DTLS with its GBA key');
  const ladder = new Ladder(console.log, narrator.dim);
  ladder.heading();
  let drawing = true;
  system.gateway.onRecord((record) => {
    if (drawing) ladder.draw(record);
  });
  const config = await system.agentConfig('alice-dtls', alice, {
    transport: 'dtls',
    gateway: `sip:127.0.0.1:${nat.port}`,
    keyCache: 'alice.keys',
    dtls: { keepAliveSeconds: 1, ...keyLog() },
  });
  const child = new NodeProcess('agent', OSGATE, [
    'agent',
    'subscribe',
    '-c',
    config,
    target,
    '--count',
    '4',
    '--json',
  ]);
  const ports = new Set<number>();
  child.onRecord(() => {
    for (const port of nat.outsidePorts) ports.add(port);
    if (child.records.length !== 2) return;
    nat.rebind();
    ladder.between('the NAT forgets the agent');
  });
  const code = await endOf(child);
  drawing = false;
  console.log('');
  for (const [index, { timestamp, entity, latitude, longitude, radius }] of child.records.entries()) {
    if (index === 2) console.log('   -- from here by another port --');
    console.log(
      `   ${String(timestamp)} ${String(entity)}: ${String(latitude)}, ${String(longitude)} within ${String(radius)} m`,
    );
  }
  narrator.check(code === 0 && child.records.length === 4, 'four locations came back as PIDF-LO');
  const admitted = gatewayRecord((record) => record.event === 'authenticated' && record.method === 'SUBSCRIBE');
  narrator.check(
    admitted?.impi === alice.impi && admitted.scheme === 'gba-psk',
    'the gateway knew the agent by the GBA key of its DTLS association',
  );
  const opened = system.gateway.records.filter((record) => record.event === 'dtls-opened');
  narrator.check(
    ports.size === 2 && opened.length === 1,
    `the NAT gave the agent another port (${[...ports].join(', then ')}), and the one association went on`,
  );
  const served = system.locationServer.records.find((record) => record.method === 'SUBSCRIBE');
  narrator.check(
    String(served?.asserted) === `<${alice.impu}>`,
    `the location server was told who asks: ${String(served?.asserted)}`,
  );
}

/** The exit status of what would else run until somebody ends it. */
async function endOf(child: NodeProcess): Promise<number> {
  const timer = setTimeout(() => {
    child.kill('SIGTERM');
  }, LONGEST_SESSION_MILLISECONDS);
  const code = await child.exited();
  clearTimeout(timer);
  return code;
}

/** Where the secrets of the association go, for who wants to look inside with Wireshark; of these suites it knows this one. */
function keyLog(): { readonly keyLog?: string; readonly cipherSuites?: readonly string[] } {
  const file = process.env.OSGATE_DEMO_KEY_LOG;
  return file === undefined ? {} : { keyLog: file, cipherSuites: ['TLS_PSK_WITH_AES_128_GCM_SHA256'] };
}

async function refuseWrongCard(): Promise<void> {
  narrator.step('An intruder with a card of his own claims to be Alice');
  const k = randomBytes(16).toString('hex');
  const config = await system.agentConfig('intruder', { ...alice, k });
  const { code, errors } = await run(['agent', 'bootstrap', '-c', config]);
  console.log(`   ${errors.trim()}`);
  narrator.check(code === 4, 'his card does not take the challenge of the key centre: exit status 4');
}

async function refuseForgedBootstrapping(): Promise<void> {
  narrator.step('He answers the challenge all the same, with a RES of his own making');
  const identity = { username: alice.impi, uri: '/' };
  const ask = async (
    parameters: Record<string, string>,
  ): Promise<{ status: number; challenge: ReadonlyMap<string, string> }> => {
    const authorization = `Digest ${formatDigestParameters({ ...identity, ...parameters }, new Set(['qop', 'nc']))}`;
    const response = await httpRequest(system.ubUrl, { headers: { authorization } });
    await response.body.dump();
    return {
      status: response.statusCode,
      challenge: parseDigestHeader(String(response.headers['www-authenticate'])) ?? new Map(),
    };
  };
  const { challenge } = await ask({ realm: 'bsf', nonce: '', response: '' });
  const digest = {
    realm: challenge.get('realm') ?? '',
    nonce: challenge.get('nonce') ?? '',
    nc: '00000001',
    cnonce: '0a4f113b',
  };
  const password = randomBytes(8);
  const response = computeUbResponse({ ...identity, ...digest, password, body: '', method: 'GET' });
  const { status } = await ask({ ...digest, qop: 'auth-int', response });
  const refused = await system.kmc.waitFor('refusal', (record) => record.event === 'bootstrapping-refused');
  narrator.check(
    status === 401 && refused.reason === 'wrong-response',
    `the key centre refuses: ${status}, ${String(refused.reason)}`,
  );
}

async function refuseWrongKey(): Promise<void> {
  narrator.step('He has seen Alice’s B-TID on the wire and signs a request with a guessed key');
  const { btid: username } = await aliceCredentials();
  await withRawAgent(async (raw) => {
    const request = raw.createRequest('MESSAGE', target, alice.impu);
    const challenge = await raw.send(request);
    const password = randomBytes(32).toString('base64');
    const response = await raw.send(raw.answer(request, challenge, { username, password }));
    const refused = await refusalOf(request.callId, 'wrong-key');
    narrator.check(response.status === 407 && refused, `the gateway refuses: ${response.status}, wrong-key`);
  });
}

async function refuseReplay(): Promise<void> {
  narrator.step('He sends a request of Alice’s again, word for word but for branch and CSeq');
  const { btid: username, password } = await aliceCredentials();
  await withRawAgent(async (raw) => {
    const request = raw.createRequest('MESSAGE', target, alice.impu);
    const signed = raw.answer(request, await raw.send(request), { username, password });
    const first = await raw.send(signed);
    const second = await raw.send(raw.again(signed));
    const refused = await refusalOf(request.callId, 'replay');
    narrator.check(first.status === 200, `Alice’s own request went through: ${first.status}`);
    narrator.check(second.status === 407 && refused, `the gateway refuses the copy: ${second.status}, replay`);
  });
}

async function aliceCredentials(): Promise<{ btid: string; password: string }> {
  const { records } = await agent('alice', ['bootstrap', '--show-key', '--json']);
  return { btid: String(records[0]?.btid), password: String(records[0]?.password) };
}

async function withRawAgent(use: (raw: RawAgent) => Promise<void>): Promise<void> {
  const raw = await RawAgent.open({ address: '127.0.0.1', port: system.gatewayPort });
  try {
    await use(raw);
  } finally {
    await raw.close();
  }
}

async function agent(name: string, args: readonly string[]): ReturnType<typeof run> {
  const config = await system.agentConfig(name, alice);
  const [command = '', ...rest] = args;
  return run(['agent', command, '-c', config, ...rest]);
}

async function run(args: readonly string[]): Promise<{ code: number; records: readonly LogRecord[]; errors: string }> {
  const child = new NodeProcess('agent', OSGATE, args);
  const code = await child.exited();
  if (code !== 0 && child.errors === '') narrator.fail(`${args.join(' ')} ended with ${code}`);
  return { code, records: child.records, errors: child.errors };
}

function gatewayRecord(fits: (record: LogRecord) => boolean): LogRecord | undefined {
  return system.gateway.records.find(fits);
}

/** Whether the gateway refused that request for that reason; its log may come a moment after its answer. */
async function refusalOf(callId: string, reason: string): Promise<boolean> {
  const fits = (record: LogRecord): boolean =>
    record.event === 'refused' && record.callId === callId && record.reason === reason;
  return system.gateway.waitFor(`refusal ${reason}`, fits, 2000).then(
    () => true,
    () => false,
  );
}
