import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import type { SipResponse } from '../../../sip/index.ts';
import { Dnsmasq } from '../../support/dnsmasq.ts';
import { EdgeGateway } from '../../support/edge-gateway.ts';
import { RealSipNode, respond } from '../../support/real-sip-node.ts';

const TARGET = 'sip:bob@example.com';

describe('SEC-3 targets over real sockets', function () {
  this.timeout(30_000);
  let agent: RealSipNode;
  let one: RealSipNode;
  let two: RealSipNode;
  let edge: EdgeGateway | undefined;
  let dnsmasq: Dnsmasq | undefined;

  beforeEach(async () => {
    [agent, one, two] = await Promise.all([RealSipNode.open(), RealSipNode.open(), RealSipNode.open()]);
  });

  afterEach(async () => {
    await edge?.stop();
    await dnsmasq?.stop();
    edge = undefined;
    dnsmasq = undefined;
    await Promise.all([agent.close(), one.close(), two.close()]);
  });

  const start = async (
    targets: readonly (string | object)[],
    more: object = {},
    dns?: object,
  ): Promise<EdgeGateway> => {
    edge = await EdgeGateway.start({ sec3: [rule(targets, more)], ...(dns === undefined ? {} : { dns }) });
    return edge;
  };
  const rule = (targets: readonly (string | object)[], more: object = {}): object => ({
    name: 'as',
    domains: ['*'],
    targets,
    responseTimeoutMilliseconds: 300,
    ...more,
  });
  const final = (responses: readonly SipResponse[]): SipResponse => {
    const last = responses.at(-1);
    if (last === undefined) throw new Error('no answer');
    return last;
  };
  const message = async (): Promise<SipResponse> =>
    final(await agent.send(agent.createRequest('MESSAGE', TARGET), edge?.port ?? 0));
  const stateOf = (uri: string): string | undefined =>
    edge?.gateway.targets().find((status) => status.uri === uri)?.state;
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      if (holds()) return;
      await delay(25);
    }
    throw new Error(`never: ${what}`);
  };

  it('takes the next target after silence, and that one first from then on', async () => {
    one.answer = () => undefined;
    await start([one.uri, two.uri]);
    expect((await message()).status).to.equal(200);
    expect((await message()).status).to.equal(200);
    expect([one.requests.length, two.requests.length]).to.deep.equal([1, 2]);
    expect(stateOf(one.uri)).to.equal('avoided');
    const metrics = await edge?.metrics();
    expect(metrics).to.contain(`osgate_sip_target_outcomes_total{target="${one.uri}",outcome="timeout"} 1\n`);
    expect(metrics).to.contain(`osgate_sip_target_outcomes_total{target="${two.uri}",outcome="answered"} 2\n`);
    expect(metrics).to.contain(`osgate_sip_target_in_flight{target="${one.uri}"} 1\n`);
  });

  it('lesson 32: turns the 503 of the last target into 500, without its Retry-After, and asks each but once', async () => {
    one.answer = respond(503);
    two.answer = respond(503);
    await start([one.uri, two.uri]);
    const response = await message();
    expect(response.status).to.equal(500);
    expect(response.has('Retry-After')).to.equal(false);
    expect([one.requests.length, two.requests.length]).to.deep.equal([1, 1]);
  });

  it('lesson 32: honours Retry-After, and says 503 with its own when it knows that all are overloaded', async () => {
    one.answer = respond(503, { 'Retry-After': '2 (busy);duration=60' });
    two.answer = respond(503, { 'Retry-After': '900' });
    await start([one.uri, two.uri], { maximumRetryAfterSeconds: 60 });
    const first = await message();
    expect(first.status).to.equal(503);
    expect(first.header('Retry-After')).to.equal('2');
    expect([one.requests.length, two.requests.length]).to.deep.equal([1, 1]);
    const second = await message();
    expect(second.status).to.equal(503);
    expect(Number(second.header('Retry-After'))).to.be.within(1, 2);
    expect([one.requests.length, two.requests.length], 'nobody was asked').to.deep.equal([1, 1]);
    expect([stateOf(one.uri), stateOf(two.uri)]).to.deep.equal(['retry-after', 'retry-after']);
    one.answer = respond(200);
    await delay(2100);
    expect((await message()).status).to.equal(200);
    expect([one.requests.length, two.requests.length]).to.deep.equal([2, 1]);
  });

  it('lesson 32: takes Retry-After: 0 for no reason to wait', async () => {
    one.answer = respond(503, { 'Retry-After': '0' });
    await start([one.uri]);
    expect((await message()).status).to.equal(500);
    one.answer = respond(200);
    expect((await message()).status).to.equal(200);
  });

  it('gives no target more requests at once than it may have, and says 503 when all have that many', async () => {
    one.answer = () => undefined;
    two.answer = () => undefined;
    await start(
      [
        { uri: one.uri, maximumInFlight: 2, priority: 1 },
        { uri: two.uri, maximumInFlight: 1, priority: 2 },
      ],
      { responseTimeoutMilliseconds: 20_000 },
    );
    const held = [message(), message(), message()];
    await until('three requests there', () => one.requests.length + two.requests.length === 3);
    expect([one.requests.length, two.requests.length]).to.deep.equal([2, 1]);
    const refused = await message();
    expect(refused.status).to.equal(503);
    expect(refused.header('Retry-After')).to.equal('5');
    const metrics = await edge?.metrics();
    expect(metrics).to.contain(`osgate_sip_target_passed_over_total{target="${one.uri}",reason="full"} 2\n`);
    expect(metrics).to.contain(`osgate_sip_target_in_flight{target="${one.uri}"} 2\n`);
    expect(metrics).to.contain('osgate_sip_refused_total{reason="targets-unavailable",status="503"} 1\n');
    for (const transaction of [...one.requests, ...two.requests]) respond(200)(transaction);
    expect((await Promise.all(held)).map(({ status }) => status)).to.deep.equal([200, 200, 200]);
    one.answer = respond(200);
    expect((await message()).status).to.equal(200);
    expect(await edge?.metrics()).to.contain(`osgate_sip_target_in_flight{target="${one.uri}"} 0\n`);
  });

  it('says 503 at once while health checks find every target down, and 200 when one is up again', async () => {
    one.answerProbe = respond(503);
    two.answerProbe = () => undefined;
    const healthCheck = { intervalMilliseconds: 100, timeoutMilliseconds: 200, downAfter: 2, upAfter: 2 };
    await start([one.uri, two.uri], { healthCheck, retryAfterSeconds: 17 });
    await until('both down', () => stateOf(one.uri) === 'down' && stateOf(two.uri) === 'down');
    const refused = await message();
    expect(refused.status).to.equal(503);
    expect(refused.header('Retry-After')).to.equal('17');
    expect([one.requests.length, two.requests.length]).to.deep.equal([0, 0]);
    const metrics = await edge?.metrics();
    expect(metrics).to.contain(`osgate_sip_target_up{target="${one.uri}"} 0\n`);
    expect(metrics).to.contain(`osgate_sip_target_health_transitions_total{target="${two.uri}",to="down"} 1\n`);
    two.answerProbe = respond(200);
    await until('the second is up', () => stateOf(two.uri) === 'up');
    expect((await message()).status).to.equal(200);
    expect([one.requests.length, two.requests.length]).to.deep.equal([0, 1]);
  });

  it('drains a target: its dialogs go on and are counted, new ones go elsewhere', async () => {
    one.answer = respond(200, { Contact: `<${one.uri}>` });
    await start([one.uri, two.uri]);
    const port = edge?.port ?? 0;
    const invite = agent.createRequest('INVITE', TARGET);
    const accepted = final(await agent.send(invite, port));
    expect(accepted.status).to.equal(200);
    expect(edge?.gateway.drainTarget(one.uri, true)).to.equal(true);
    const inDialog = (method: string, sequence: number) => {
      const request = agent.createRequest(method, one.uri);
      for (const name of ['From', 'Call-ID']) request.set(name, invite.header(name) ?? '');
      request.set('To', accepted.header('To') ?? '');
      request.set('CSeq', `${sequence} ${method}`);
      request.set('Route', accepted.values('Record-Route').toReversed().join(', '));
      return request;
    };
    agent.sendStateless(inDialog('ACK', 1), port);
    await until('the ACK is there', () => one.acks.length === 1);
    expect(final(await agent.send(inDialog('BYE', 2), port)).status).to.equal(200);
    expect(one.requests.map(({ request }) => request.method)).to.deep.equal(['INVITE', 'BYE']);
    expect((await message()).status).to.equal(200);
    expect(two.requests.length).to.equal(1);
    const [status] = edge?.gateway.targets() ?? [];
    expect(status).to.deep.include({ state: 'draining', inFlight: 0 });
    expect(status?.outcomes.answered, 'the INVITE and the BYE').to.equal(2);
    expect(status?.passedOver.draining).to.equal(1);
    edge?.gateway.drainTarget(one.uri, false);
    expect((await message()).status).to.equal(200);
    expect(one.requests.length).to.equal(3);
  });

  it('keeps what it knows of targets when the configuration is replaced', async () => {
    const { gateway } = await start([one.uri]);
    gateway.drainTarget(one.uri, true);
    expect((await message()).status).to.equal(503);
    gateway.replaceTargets((await edge?.rules([rule([one.uri, two.uri], { name: 'other' })])) ?? []);
    expect(gateway.targets().map(({ rule: name, state }) => `${name} ${state}`)).to.deep.equal([
      'other draining',
      'other up',
    ]);
    expect((await message()).status).to.equal(200);
    expect([one.requests.length, two.requests.length]).to.deep.equal([0, 1]);
  });

  describe('with names', () => {
    const domain = async (records: readonly string[], targets: readonly (string | object)[], more: object = {}) => {
      dnsmasq = await Dnsmasq.start(records);
      return start(targets, more, { servers: [dnsmasq.server], hostsFile: '/dev/null', timeoutMilliseconds: 900 });
    };

    it('fails over along SRV records, and leaves addresses out that the listener has no protocol or family for', async () => {
      one.answer = () => undefined;
      await domain(
        [
          '--host-record=as.example.test,127.0.0.1,::1',
          '--naptr-record=example.test,10,10,s,SIP+D2T,,_sip._tcp.example.test',
          '--naptr-record=example.test,20,10,s,SIP+D2U,,_sip._udp.example.test',
          '--srv-host=_sip._tcp.example.test,as.example.test,9,1,1',
          `--srv-host=_sip._udp.example.test,as.example.test,${one.port},1,1`,
          `--srv-host=_sip._udp.example.test,as.example.test,${two.port},2,1`,
        ],
        ['sip:example.test'],
      );
      expect((await message()).status).to.equal(200);
      expect([one.requests.length, two.requests.length]).to.deep.equal([1, 1]);
      expect((await message()).status).to.equal(200);
      expect([one.requests.length, two.requests.length], 'the silent address comes last now').to.deep.equal([1, 2]);
      expect(stateOf('sip:example.test'), 'the target serves').to.equal('up');
      expect(dnsmasq?.asked).to.deep.equal(['NAPTR example.test', 'SRV _sip._udp.example.test', 'A as.example.test']);
    });

    it('lesson 32: leaves the one server of several alone that asked for it, not the others', async () => {
      one.answer = respond(503, { 'Retry-After': '60' });
      await domain(
        [
          '--host-record=as.example.test,127.0.0.1',
          `--srv-host=_sip._udp.example.test,as.example.test,${one.port},1,1`,
          `--srv-host=_sip._udp.example.test,as.example.test,${two.port},2,1`,
        ],
        ['sip:example.test'],
      );
      expect((await message()).status).to.equal(200);
      expect((await message()).status).to.equal(200);
      expect([one.requests.length, two.requests.length]).to.deep.equal([1, 2]);
    });

    it('passes over a target whose name or transport leads nowhere, counts that, and says 502 when all do', async () => {
      await domain(
        ['--host-record=as.example.test,127.0.0.1'],
        ['sip:nobody.test', `${one.uri};transport=tcp`, `sip:as.example.test:${two.port};transport=udp`],
      );
      expect((await message()).status).to.equal(200);
      expect(two.requests.length).to.equal(1);
      const metrics = await edge?.metrics();
      expect(metrics).to.contain(
        `osgate_sip_target_passed_over_total{target="sip:nobody.test",reason="unresolved"} 1\n`,
      );
      expect(metrics).to.contain(
        `osgate_sip_target_passed_over_total{target="${one.uri};transport=tcp",reason="unresolved"} 1\n`,
      );
      expect(metrics).to.contain('osgate_sip_resolution_total{kind="lookUps"} 2\n');
      edge?.gateway.replaceTargets(await edge.rules([rule(['sip:nobody.test'])]));
      expect((await message()).status).to.equal(502);
    });

    it('answers an INVITE with 100 while no name server answers, then refuses it', async () => {
      const silent = createSocket('udp4').bind(0, '127.0.0.1');
      await once(silent, 'listening');
      try {
        await start(
          ['sip:slow.example.test'],
          {},
          {
            servers: [`127.0.0.1:${silent.address().port}`],
            timeoutMilliseconds: 700,
          },
        );
        const began = performance.now();
        const responses = await agent.send(agent.createRequest('INVITE', TARGET), edge?.port ?? 0);
        expect(responses.map(({ status }) => status)).to.deep.equal([100, 502]);
        expect(performance.now() - began).to.be.within(600, 3000);
        expect(await edge?.metrics()).to.contain('osgate_sip_resolution_total{kind="timeouts"} 1\n');
      } finally {
        silent.close();
      }
    });
  });
});
