import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';

import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { ScenarioRunner } from '../../../scenarios/sipp/scenarios.ts';
import { workersOf } from '../../support/worker-ports.ts';

for (const workers of [1, 2]) {
  describe(`draining, ${workers === 1 ? 'one process' : 'two workers'}`, function () {
    this.timeout(120_000);

    it('lesson 36: after SIGTERM not ready first, then nothing new, what is under way ends well, status 0', async () => {
      const runner = await ScenarioRunner.start({
        workers,
        admin: true,
        // Longer than the delay: the call rings while the gateway drains.
        locationServer: ['--ring', '5000'],
        gateway: { drainDelayMilliseconds: 1500, shutdownGraceMilliseconds: 15_000 },
      });
      const { system } = runner;
      const gateway = { address: '127.0.0.1', port: system.gatewayPort };
      const caller = await RawAgent.open(gateway);
      const raw = await RawAgent.open(gateway);
      const [agent] = runner.agents;
      const request = () => raw.createRequest('MESSAGE', 'sip:bob@example.com', agent?.impu ?? '');
      try {
        expect((await system.admin('GET', '/ready')).status).to.equal(200);
        const invite = caller.createRequest('INVITE', 'sip:bob@example.com', agent?.impu ?? '');
        const signed = caller.answer(invite, await caller.send(invite), agent ?? { username: '', password: '' });
        const call = caller.send(signed, 20_000);
        system.gateway.kill('SIGTERM');
        await waitFor(async () => (await system.admin('GET', '/ready')).status === 503);
        expect((await raw.send(request())).status, 'still served while others find out').to.equal(407);
        await waitFor(async () => (await raw.send(request())).status === 503);
        expect((await call).status, 'what is under way ends well').to.equal(200);
        expect(await system.gateway.exited()).to.equal(0);
      } finally {
        await caller.close();
        await raw.close();
        await runner.stop();
      }
    });
  });
}

describe('an impatient operator', function () {
  this.timeout(60_000);

  it('ends supervisor and workers at once with a second signal', async () => {
    const runner = await ScenarioRunner.start({
      workers: 2,
      admin: true,
      gateway: { drainDelayMilliseconds: 60_000 },
    });
    const { gateway } = runner.system;
    const pids = (await workersOf(runner.system)).map(({ pid }) => pid);
    gateway.kill('SIGTERM');
    await gateway.waitFor('the first signal', ({ msg }) => msg === 'stopping');
    gateway.kill('SIGTERM');
    expect(await gateway.exited()).to.equal(1);
    await waitFor(async () => pids.every((pid) => !isRunning(pid)));
    await runner.stop();
  });

  it('drains and undrains by the admin API: targets, and the gateway', async () => {
    const runner = await ScenarioRunner.start({ workers: 2, admin: true });
    const { system } = runner;
    const raw = await RawAgent.open({ address: '127.0.0.1', port: system.gatewayPort });
    const [agent] = runner.agents;
    const uri = `sip:127.0.0.1:${system.locationServerPort}`;
    const message = () => raw.createRequest('MESSAGE', 'sip:bob@example.com', agent?.impu ?? '');
    const statusOf = async (): Promise<number> => {
      const request = message();
      return (await raw.send(raw.answer(request, await raw.send(request), agent ?? { username: '', password: '' })))
        .status;
    };
    try {
      expect((await system.admin('POST', '/targets/drain', { uri })).body).to.deep.equal({ uri, draining: true });
      const targets = (await system.admin('GET', '/targets')).body as { uri: string; state: string }[];
      expect(targets.filter(({ state }) => state === 'draining').every((target) => target.uri === uri)).to.equal(true);
      expect(await statusOf(), 'no target is left').to.equal(503);
      // A worker that is started again knows of it.
      for (const { pid } of await workersOf(system)) process.kill(pid, 'SIGKILL');
      await waitFor(async () => (await system.admin('GET', '/ready')).status === 200);
      expect(await statusOf()).to.equal(503);
      await system.admin('POST', '/targets/undrain', { uri });
      expect(await statusOf()).to.equal(200);

      await system.admin('POST', '/drain');
      expect((await system.admin('GET', '/ready')).status).to.equal(503);
      expect((await raw.send(message())).status).to.equal(503);
      await system.admin('POST', '/undrain');
      expect((await system.admin('GET', '/ready')).status).to.equal(200);
      expect(await statusOf()).to.equal(200);
    } finally {
      await raw.close();
      await runner.stop();
    }
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it never came');
    await delay(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
