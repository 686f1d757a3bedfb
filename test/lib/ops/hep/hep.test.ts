import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import hep from 'hep-js';

import { encodeHep, HepExporter } from '../../../../lib/ops/index.ts';
import type { SipRequest } from '../../../../sip/index.ts';
import { writeAgentsCsv } from '../../../../scenarios/support/agents-csv.ts';
import { RawAgent } from '../../../../scenarios/support/raw-agent.ts';
import { scenarioSubscriber } from '../../../../scenarios/support/subscribers.ts';
import { System } from '../../../../scenarios/support/system.ts';

type Decoded = Exclude<ReturnType<typeof hep.decapsulate>, false>;

const RECORD = {
  source: { address: '192.0.2.1', port: 5070 },
  destination: { address: '198.51.100.2', port: 5060 },
  protocol: 'UDP',
  time: 1_790_000_000_123.456,
  kind: 'sip',
  payload: Buffer.from('OPTIONS sip:a SIP/2.0\r\n\r\n'),
  correlationId: 'call-1',
} as const;

describe('a HEP packet', () => {
  it('says to a foreign reader what it was told', () => {
    const decoded = hep.decapsulate(encodeHep(RECORD, { captureId: 7, nodeName: 'edge', password: 'pass' }));
    if (decoded === false) throw new Error('hep-js cannot read it');
    expect(decoded.payload).to.equal('OPTIONS sip:a SIP/2.0\r\n\r\n');
    expect(decoded.rcinfo).to.include({
      protocolFamily: 2,
      protocol: 17,
      srcIp: '192.0.2.1',
      dstIp: '198.51.100.2',
      srcPort: 5070,
      dstPort: 5060,
      timeSeconds: 1_790_000_000,
      timeUseconds: 123_456,
      payloadType: 1,
      captureId: 7,
      capturePass: 'pass',
      correlation_id: 'call-1',
    });
  });

  it('carries IPv6 addresses in sixteen octets', () => {
    const packet = encodeHep(
      { ...RECORD, source: { address: '2001:db8::1', port: 1 }, destination: { address: '::ffff:192.0.2.1', port: 2 } },
      { captureId: 1, nodeName: 'edge' },
    );
    expect(packet[12], 'AF_INET6').to.equal(10);
    expect(packet.includes(Buffer.from('20010db8000000000000000000000001', 'hex'))).to.equal(true);
    expect(packet.includes(Buffer.from('00000000000000000000ffffc0000201', 'hex'))).to.equal(true);
    expect(packet.readUInt16BE(4)).to.equal(packet.length);
  });
});

describe('the HEP exporter', () => {
  it('drops and counts what goes beyond its queue, and sends the rest', async () => {
    const collector = await openCollector();
    const options = { host: '127.0.0.1', port: collector.port, captureId: 1, nodeName: 'edge' };
    const exporter = await HepExporter.open({ ...options, queueBytes: 1000 });
    // All in one turn of the event loop: nothing can leave the queue in between.
    for (let count = 0; count < 10; count++) exporter.send({ ...RECORD, payload: Buffer.alloc(300, 0x20) });
    while (exporter.counters.sent < 2) await delay(5);
    expect(exporter.counters).to.deep.equal({ sent: 2, dropped: 8, unresolved: 0, errors: 0 });
    exporter.send(RECORD);
    while (exporter.counters.sent < 3) await delay(5);
    await exporter.close();
    collector.socket.close();
  });

  it('is not there when the collector is not: nothing waits, nothing throws', async () => {
    const exporter = await HepExporter.open({
      host: 'collector.invalid',
      port: 9060,
      captureId: 1,
      nodeName: 'edge',
      queueBytes: 65_536,
    });
    exporter.send(RECORD);
    expect(exporter.counters.unresolved).to.equal(1);
    await exporter.close();
  });
});

describe('HEP from a running gateway', function () {
  this.timeout(60_000);

  describe('as it is by default', () => {
    let stage: Stage;
    let request: SipRequest;

    before(async () => {
      stage = await openStage({});
      const { raw, agent } = stage;
      request = raw.createRequest('MESSAGE', 'sip:bob@example.com', agent.impu);
      const response = await raw.send(raw.answer(request, await raw.send(request), agent));
      expect(response.status).to.equal(200);
    });

    after(async () => {
      await stage.close();
    });

    it('lesson 34: shows every message in and out, those of the gateway’s own too, with both addresses and the call', async () => {
      const { system, records } = stage;
      const sip = await collected(records, 1, 6);
      // A challenge to a short request goes without its phrase (docs/admission.md).
      expect(sip.map(({ payload }) => startLineOf(payload).replace(/(407) .*/, '$1'))).to.deep.equal([
        'MESSAGE sip:bob@example.com SIP/2.0',
        'SIP/2.0 407',
        'MESSAGE sip:bob@example.com SIP/2.0',
        'MESSAGE sip:bob@example.com SIP/2.0',
        'SIP/2.0 200 OK',
        'SIP/2.0 200 OK',
      ]);
      const inside = await system.listenerPort('inside');
      const ends = sip.map(({ rcinfo }) => `${rcinfo.srcPort} ${rcinfo.dstPort}`);
      const agentPort = request.topVia?.port;
      expect(ends).to.deep.equal([
        `${agentPort} ${system.gatewayPort}`,
        `${system.gatewayPort} ${agentPort}`,
        `${agentPort} ${system.gatewayPort}`,
        `${inside} ${system.locationServerPort}`,
        `${system.locationServerPort} ${inside}`,
        `${system.gatewayPort} ${agentPort}`,
      ]);
      expect(new Set(sip.map(({ rcinfo }) => rcinfo.correlation_id))).to.deep.equal(new Set([request.callId]));
      expect(new Set(sip.map(({ rcinfo }) => rcinfo.captureId))).to.deep.equal(new Set([42]));
    });

    it('tells of each authentication beside the call, without the name of the agent’s key', async () => {
      const logs = (await collected(stage.records, 100, 2)).map(({ payload }) => JSON.parse(payload) as object);
      expect(logs[0]).to.deep.equal({ method: 'MESSAGE', event: 'refused', reason: 'no-credentials', status: 407 });
      expect(logs[1]).to.include({ event: 'authenticated', scheme: 'gba-digest', algorithm: 'SHA-256' });
      expect(logs[1])
        .to.have.property('subjectHash')
        .that.matches(/^[0-9a-f]{16}$/);
      expect(JSON.stringify(logs)).not.to.contain(stage.agent.username);
    });

    it('cuts out bodies with a location', async () => {
      const notify = await locationOf(stage);
      expect(notify.payload).to.contain('application/pidf+xml').and.not.contain('<gml:pos>');
    });
  });

  it('shows locations and tells no security facts when asked to', async () => {
    const stage = await openStage({ locationBodies: true, security: false });
    try {
      expect((await locationOf(stage)).payload).to.contain('<gml:pos>');
      expect(stage.records.some(({ rcinfo }) => rcinfo.payloadType === 100)).to.equal(false);
    } finally {
      await stage.close();
    }
  });
});

/** Subscribes to a location and gives the NOTIFY as it was captured. */
async function locationOf({ raw, agent, records }: Stage): Promise<Decoded> {
  const request = raw.createRequest('SUBSCRIBE', 'sip:bob@example.com', agent.impu);
  request.append('Event', 'presence');
  request.append('Expires', '60');
  await raw.send(raw.answer(request, await raw.send(request), agent));
  for (;;) {
    const notify = records.find(({ payload }) => payload.startsWith('NOTIFY'));
    if (notify !== undefined) return notify;
    await delay(20);
  }
}

interface Stage {
  readonly system: System;
  readonly raw: RawAgent;
  readonly agent: { readonly username: string; readonly password: string; readonly impu: string };
  readonly records: readonly Decoded[];
  close(): Promise<void>;
}

async function openStage(options: object): Promise<Stage> {
  const collector = await openCollector();
  const subscribers = [scenarioSubscriber(0)];
  const hepSection = { host: '127.0.0.1', port: collector.port, captureId: 42, ...options };
  const system = await System.start({ subscribers, hep: hepSection });
  const raw = await RawAgent.open({ address: '127.0.0.1', port: system.gatewayPort });
  const [agent] = (await writeAgentsCsv(system, subscribers)).agents;
  if (agent === undefined) throw new Error('no agent');
  return {
    system,
    raw,
    agent,
    records: collector.records,
    async close() {
      await raw.close();
      await system.stop();
      collector.socket.close();
    },
  };
}

/** A collector that reads by hep-js. */
async function openCollector(): Promise<{ socket: Socket; port: number; records: Decoded[] }> {
  const records: Decoded[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (packet) => {
    const decoded = hep.decapsulate(packet);
    if (decoded !== false) records.push(decoded);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port, records };
}

async function collected(records: readonly Decoded[], kind: number, count: number): Promise<Decoded[]> {
  const found = (): Decoded[] => records.filter(({ rcinfo }) => rcinfo.payloadType === kind);
  while (found().length < count) await delay(20);
  return found();
}

function startLineOf(payload: string): string {
  return payload.slice(0, payload.indexOf('\r\n'));
}
