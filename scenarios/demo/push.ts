// `npm run demo -- push`: messages pushed to agents that never asked, over a path on which somebody listens, replays and
// forges. Key centre, gateway, agents and initiator are processes of their own on loopback. The exit status is 0 only if all
// of it happened.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { formatPushPackage, parsePushPackage, type PushPackage } from '../../push/index.ts';
import { DatagramTap } from '../support/datagram-tap.ts';
import { ScenarioError } from '../support/errors.ts';
import { NodeProcess, OSGATE, portOf, type LogRecord } from '../support/node-process.ts';
import { scenarioSubscriber, type ScenarioSubscriber } from '../support/subscribers.ts';
import { System } from '../support/system.ts';
import { Narrator } from './narrator.ts';

const SECRET_TEXT = 'your parcel is at the neighbour’s';

/** All of them higher than what the key centre has, as after a restore of an old copy: one for each index (TS 33.102 C.2.2). */
const USED_SQNS = Array.from({ length: 32 }, (_, index) => (0x100000 + index).toString(16).padStart(12, '0'));

/** Where RAND begins in a GPI envelope (docs/gpi.md): three octets of the envelope and two of the GPI stand before it. */
const RAND_PLACE = 5;

/** How long something may take, on a busy machine. */
const PATIENCE_MILLISECONDS = 20_000;

interface Agent {
  readonly subscriber: ScenarioSubscriber;
  readonly process: NodeProcess;
  readonly tap: DatagramTap;
}

const narrator = new Narrator();
const [alice, bob, carol] = [scenarioSubscriber(0), scenarioSubscriber(1), scenarioSubscriber(2)];
const taps = [await DatagramTap.open(), await DatagramTap.open(), await DatagramTap.open()] as const;
const agents: NodeProcess[] = [];
const system = await System.start({
  subscribers: [alice, bob, carol],
  mayPush: true,
  files: { 'initiator.token': 'parcels-0123456789abcdef\n' },
  gateway: {
    push: {
      queue: { path: 'push.db' },
      associations: { path: 'associations.db' },
      dispatch: { receiptTimeoutMilliseconds: 5000, initialRetryMilliseconds: 500 },
      initiators: {
        fqdn: 'push.example.com',
        port: 0,
        initiators: [{ name: 'parcels', token: { file: 'initiator.token' }, recipients: ['example.com'] }],
      },
      addresses: [alice, bob, carol].map(({ impu }, index) => ({
        recipient: impu,
        udp: `127.0.0.1:${taps[index]?.port ?? 0}`,
      })),
      carriers: [{ type: 'udp', host: '127.0.0.1', port: 0, retransmitMilliseconds: 500 }],
    },
  },
});
try {
  const initiators = await system.gateway.waitFor(
    'listening for initiators',
    (record) => record.event === 'listening' && record.interface === 'initiators',
  );
  const url = `http://127.0.0.1:${portOf(initiators)}`;
  console.log(`key centre, gateway and agents run; the gateway takes pushes at ${url}`);
  const ofAlice = await startAgent('alice', alice, taps[0]);
  const gpi = await pushToStranger(ofAlice, url);
  await pushAgain(ofAlice, url);
  await refuseReplayed(ofAlice, gpi);
  await refuseForged(ofAlice, gpi);
  await surviveChanged(await startAgent('carol', carol, taps[2]), url);
  await writeFile(join(system.folder, 'bob.sqn'), `${USED_SQNS.join('\n')}\n`, { mode: 0o600 });
  await resynchronise(await startAgent('bob', bob, taps[1]), url);
  const bootstrapped = system.kmc.records.some((record) => record.event === 'bootstrapped');
  narrator.check(!bootstrapped, 'in all this time no agent has bootstrapped');
} catch (error) {
  narrator.fail(error);
} finally {
  const statuses = [...(await Promise.all(agents.map((agent) => agent.stop()))), ...(await system.stop())];
  for (const tap of taps) tap.close();
  narrator.check(
    statuses.every((status) => status === 0),
    `every process ends with 0 after SIGTERM (${statuses.join(', ')})`,
  );
}
narrator.end();

/** Gives the GPI envelope that went to the agent. */
async function pushToStranger(agent: Agent, url: string): Promise<Buffer> {
  narrator.step('An initiator pushes to Alice, whose agent has never been in touch with anybody');
  const id = await send(agent.subscriber, SECRET_TEXT, url);
  const message = await arrival(agent, SECRET_TEXT);
  narrator.check(
    message.messageClass === 'informational',
    `as the initiator has marked it: ${String(message.messageClass)}`,
  );
  const { octets, parts } = lastPackage(agent.tap);
  console.log(`   on the path: ${octets.length} octets, ${octets.subarray(0, 24).toString('hex')}...`);
  narrator.check(
    parts.envelope !== undefined,
    `keys came with it: a GPI envelope of ${parts.envelope?.length ?? 0} octets`,
  );
  narrator.check(!octets.includes(SECRET_TEXT), 'whoever listens on the path cannot read it');
  const status = await endOf(id, url);
  narrator.check(status.state === 'delivered', `the initiator is told: ${String(status.state)}`);
  return parts.envelope ?? Buffer.alloc(0);
}

async function pushAgain(agent: Agent, url: string): Promise<void> {
  narrator.step('It pushes again: the agent has keys now');
  await send(agent.subscriber, 'it has eaten your parcel', url);
  await arrival(agent, 'it has eaten your parcel');
  const { octets, parts } = lastPackage(agent.tap);
  narrator.check(parts.envelope === undefined, `no GPI this time, ${octets.length} octets in all`);
}

async function refuseReplayed(agent: Agent, envelope: Buffer): Promise<void> {
  narrator.step('Somebody on the path sends the GPI again');
  await refusal(agent, 'duplicate-rand', () => {
    agent.tap.inject(formatPushPackage({ envelope }));
  });
}

async function refuseForged(agent: Agent, envelope: Buffer): Promise<void> {
  narrator.step('He makes a GPI of his own out of it');
  await refusal(agent, 'mac-failure', () => {
    agent.tap.inject(formatPushPackage({ envelope: flipped(envelope, RAND_PLACE) }));
  });
}

async function surviveChanged(agent: Agent, url: string): Promise<void> {
  narrator.step('He changes a GPI that the agent has not seen yet, in its tag');
  agent.tap.changeNext((octets) => {
    const { envelope, ...others } = parsePushPackage(octets) ?? {};
    return envelope === undefined ? octets : formatPushPackage({ ...others, envelope: flipped(envelope, -1) });
  });
  await refusal(agent, 'forged', () => send(agent.subscriber, 'look behind the shed', url));
  await arrival(agent, 'look behind the shed');
  narrator.check(
    true,
    'and yet the message arrives: the card has used up that sequence number, so the gateway got another one',
  );
}

async function resynchronise(agent: Agent, url: string): Promise<void> {
  narrator.step('Bob’s card is ahead of the key centre in its sequence numbers');
  const id = await send(agent.subscriber, 'the meeting is at nine', url);
  await event(agent, 'synchronisation failure', (record) => record.outcome === 'synchronisation-failure');
  narrator.check(true, 'his card refuses the first GPI and gives AUTS, which his agent sends back with RAND');
  await arrival(agent, 'the meeting is at nine');
  const status = await endOf(id, url);
  narrator.check(
    status.state === 'delivered' && status.attempts === 1,
    `the key centre resynchronises within the same attempt: ${String(status.state)}`,
  );
}

async function startAgent(name: string, subscriber: ScenarioSubscriber, tap: DatagramTap): Promise<Agent> {
  const config = await system.agentConfig(name, subscriber, {
    push: { sip: false, udp: { host: '127.0.0.1', port: 0 }, store: `${name}.push` },
  });
  const process = new NodeProcess(`agent of ${name}`, OSGATE, ['agent', 'listen', '-c', config, '--json']);
  agents.push(process);
  tap.leadTo(portOf(await process.waitFor('listening', (record) => record.event === 'listening')));
  return { subscriber, process, tap };
}

/** Pushes by `osgate push send`, and gives the id. */
async function send({ impu }: ScenarioSubscriber, text: string, url: string): Promise<string> {
  const file = join(system.folder, 'content');
  await writeFile(file, text);
  const token = join(system.folder, 'initiator.token');
  const process = new NodeProcess('initiator', OSGATE, [
    ...['push', 'send', impu, '--url', url, '--token-file', token, '--file', file, '--json'],
    ...['--class', 'informational'],
  ]);
  const code = await process.exited();
  if (code !== 0) throw new ScenarioError(`the push was not accepted: ${code}\n${process.errors}`);
  return String(process.records[0]?.id);
}

/** What the initiator is told of the push, once it has ended. */
async function endOf(id: string, url: string): Promise<LogRecord> {
  const token = join(system.folder, 'initiator.token');
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const process = new NodeProcess('initiator', OSGATE, [
      'push',
      'status',
      id,
      '--url',
      url,
      '--token-file',
      token,
      '--json',
    ]);
    await process.exited();
    const status = process.records[0] ?? {};
    const isOpen = status.state === 'accepted' || status.state === 'delivering';
    if (!isOpen || Date.now() > deadline) return status;
  }
}

/** Waits until the agent's application has that text. */
async function arrival(agent: Agent, text: string): Promise<LogRecord> {
  const message = await event(agent, `the message "${text}"`, (record) => record.content === text);
  narrator.check(true, `it arrives in clear: ${String(message.contentType)}, "${String(message.content)}"`);
  return message;
}

/** Does something that the agent must refuse for that reason. */
async function refusal(agent: Agent, reason: string, act: () => unknown): Promise<void> {
  await act();
  const record = await event(
    agent,
    `a refusal: ${reason}`,
    (one) => one.event === 'push-refused' && one.reason === reason,
  );
  narrator.check(true, `the agent refuses: ${reason} (${String(record.msg)})`);
}

async function event(agent: Agent, what: string, fits: (record: LogRecord) => boolean): Promise<LogRecord> {
  return agent.process.waitFor(what, fits, PATIENCE_MILLISECONDS);
}

function lastPackage(tap: DatagramTap): { readonly octets: Buffer; readonly parts: PushPackage } {
  const octets = tap.seen.at(-1) ?? Buffer.alloc(0);
  return { octets, parts: parsePushPackage(octets) ?? {} };
}

/** A copy with the lowest bit of one octet changed; a negative place counts from the end. */
function flipped(octets: Buffer, place: number): Buffer {
  const copy = Buffer.from(octets);
  const index = place < 0 ? copy.length + place : place;
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}
