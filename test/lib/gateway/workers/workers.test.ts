import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { ScenarioRunner, SCENARIOS } from '../../../../scenarios/sipp/scenarios.ts';
import { RawAgent } from '../../../../scenarios/support/raw-agent.ts';
import { portOfWorker, workersOf } from '../../../support/worker-ports.ts';

describe('two workers', function () {
  this.timeout(120_000);
  let runner: ScenarioRunner;

  before(async () => {
    runner = await ScenarioRunner.start({ workers: 2, metrics: true, admin: true });
  });

  after(async () => {
    expect(await runner.stop(), 'exit statuses after SIGTERM').to.deep.equal([0, 0, 0]);
  });

  for (const scenario of SCENARIOS.filter(({ name }) =>
    ['message', 'invite', 'subscribe', 'cancel', 'register'].includes(name),
  )) {
    for (const worker of [0, 1]) {
      it(`serve ${scenario.name}, sent to worker ${worker}`, async () => {
        const { ok, errors } = await runner.run(scenario, await portOfWorker(runner.system, worker));
        expect(ok, errors).to.equal(true);
      });
    }
  }

  it('hand a response that the kernel gave to one of them to the one that it belongs to', async () => {
    // The target has one port, so all that it says reaches one worker; both sent requests to it.
    const text = await runner.system.metricsText();
    expect(valueOf(text, 'osgate_worker_relay_total{kind="relayed"}')).to.be.greaterThan(0);
    expect(valueOf(text, 'osgate_worker_relay_total{kind="received"}')).to.equal(
      valueOf(text, 'osgate_worker_relay_total{kind="relayed"}'),
    );
    expect(valueOf(text, 'osgate_sip_engine_total{kind="strayResponses"}')).to.equal(0);
  });

  it('have two arenas of malloc, as nobody has said otherwise', async () => {
    for (const { pid } of await workersOf(runner.system)) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      expect(environment).to.include(`MALLOC_ARENA_MAX=${process.env['MALLOC_ARENA_MAX'] ?? '2'}`);
    }
  });

  it('show one set of metrics: the sum of both, and each worker’s own', async () => {
    const requests = (await workersOf(runner.system)).map((worker) => worker.requests);
    expect(Math.min(...requests)).to.be.greaterThan(0);
    const text = await runner.system.metricsText();
    expect(valueOf(text, 'osgate_sip_engine_total{kind="requestsIn"}')).to.equal(
      requests.reduce((sum, one) => sum + one, 0),
    );
    for (const worker of [0, 1]) {
      expect(text).to.contain(`osgate_worker_up{worker="${worker}"} 1\n`);
      expect(text).to.contain(`osgate_worker_restarts_total{worker="${worker}"} 0\n`);
      expect(valueOf(text, `osgate_worker_resident_memory_bytes{worker="${worker}"}`)).to.be.greaterThan(1e6);
    }
    expect(text.match(/^# TYPE osgate_sip_messages_total /gm)?.length).to.equal(1);
  });

  it('refuse a nonce of the other worker, and one from before a restart, as stale', async () => {
    const { system } = runner;
    const agent = runner.agents[0];
    if (agent === undefined) throw new Error('no agent');
    const gateway = { address: '127.0.0.1', port: system.gatewayPort };
    const here = await RawAgent.open(gateway, await portOfWorker(system, 0));
    const there = await RawAgent.open(gateway, await portOfWorker(system, 1));
    try {
      const request = here.createRequest('MESSAGE', 'sip:bob@example.com', agent.impu);
      const challenge = await here.send(request);
      const signed = here.answer(request, challenge, agent);
      expect((await here.send(signed)).status).to.equal(200);
      const replayed = there.createRequest('MESSAGE', 'sip:bob@example.com', agent.impu);
      replayed.set('Proxy-Authorization', signed.header('Proxy-Authorization') ?? '');
      const refusal = await there.send(replayed);
      expect(refusal.status).to.equal(407);
      expect(refusal.header('Proxy-Authenticate')).to.contain('stale=true');
      // The honest agent needs one more round trip, and nothing else.
      expect((await there.send(there.answer(replayed, refusal, agent))).status).to.equal(200);

      const [first] = await workersOf(system);
      process.kill(first?.pid ?? 0, 'SIGKILL');
      await upAgain(runner, 0, first?.pid ?? 0);
      const again = await here.send(here.again(signed));
      expect(again.status).to.equal(407);
      expect(again.header('Proxy-Authenticate')).to.contain('stale=true');
    } finally {
      await here.close();
      await there.close();
    }
  });

  it('kill -9 of one under load: the other loses nothing, and it is back within 2 s', async () => {
    const { system } = runner;
    const [, victim] = await workersOf(system);
    const message = { name: 'patient-message', calls: 240, callsPerSecond: 40, limit: 240, timeoutSeconds: 40 };
    const survivor = runner.run(message, await portOfWorker(system, 0));
    const doomed = runner.run(message, await portOfWorker(system, 1));
    await delay(2000);
    const killedAt = Date.now();
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    const milliseconds = (await upAgain(runner, 1, victim?.pid ?? 0)) - killedAt;
    expect(milliseconds).to.be.lessThan(2000);
    const { ok, errors } = await survivor;
    expect(ok, errors).to.equal(true);
    // Some of these fail, with a nonce of the dead process; what is lost is theirs alone.
    await doomed;
    // New calls to the slot are served by its new process.
    const after = await runner.run({ ...message, calls: 40 }, await portOfWorker(system, 1));
    expect(after.ok, after.errors).to.equal(true);
    expect(await system.metricsText()).to.contain('osgate_worker_restarts_total{worker="1"} 1\n');
  });

  it('what was counted does not go back when a worker dies', async () => {
    const { system } = runner;
    const before = valueOf(await system.metricsText(), 'osgate_sip_engine_total{kind="requestsIn"}');
    const [first] = await workersOf(system);
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await upAgain(runner, 0, first?.pid ?? 0);
    const after = valueOf(await system.metricsText(), 'osgate_sip_engine_total{kind="requestsIn"}');
    expect(after).to.equal(before);
  });

  it('a worker that stands still is left out of gauges and counted, and the metrics come all the same', async () => {
    const { system } = runner;
    const [first] = await workersOf(system);
    const pid = first?.pid ?? 0;
    const before = await system.metricsText();
    process.kill(pid, 'SIGSTOP');
    try {
      const text = await system.metricsText();
      expect(valueOf(text, 'osgate_sip_engine_total{kind="requestsIn"}')).to.equal(
        valueOf(before, 'osgate_sip_engine_total{kind="requestsIn"}'),
      );
      expect(valueOf(text, 'osgate_worker_unanswered_total{worker="0"}')).to.equal(1);
      expect((await system.admin('GET', '/ready')).status, 'not all workers answer').to.equal(503);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

async function upAgain(runner: ScenarioRunner, worker: number, before: number): Promise<number> {
  const record = await runner.system.gateway.waitFor(
    `worker ${worker}`,
    (one) =>
      one.event === 'worker-up' && one.worker === worker && one.workerPid !== before && isAfter(runner, one, before),
  );
  return Date.parse(String(record.time));
}

/** True for records of processes that were started after `before` was. */
function isAfter(runner: ScenarioRunner, record: object, before: number): boolean {
  const { records } = runner.system.gateway;
  const known = records.findIndex((one) => one.event === 'worker-up' && one.workerPid === before);
  return records.indexOf(record as (typeof records)[number]) > known;
}

function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}
