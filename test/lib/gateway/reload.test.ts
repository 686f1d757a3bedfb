import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { loadConfig } from '../../../lib/config/index.ts';
import { startGateway } from '../../../lib/gateway/index.ts';
import { createLogger } from '../../../lib/ops/index.ts';
import { RawAgent } from '../../../scenarios/support/raw-agent.ts';
import { ScenarioRunner } from '../../../scenarios/sipp/scenarios.ts';

for (const workers of [1, 2]) {
  describe(`SIGHUP, ${workers === 1 ? 'one process' : 'two workers'}`, function () {
    this.timeout(120_000);
    let runner: ScenarioRunner;
    let raw: RawAgent;
    let original: string;

    before(async () => {
      runner = await ScenarioRunner.start({ workers, metrics: true, admin: true, logRequests: 'none' });
      raw = await RawAgent.open({ address: '127.0.0.1', port: runner.system.gatewayPort });
      await runner.system.editGatewayConfig((text) => (original = text));
    });

    after(async () => {
      await raw.close();
      expect(await runner.stop()).to.deep.equal([0, 0, 0]);
    });

    const reload = async (edit: (text: string) => string): Promise<Readonly<Record<string, unknown>>> => {
      const { system } = runner;
      const seen = system.gateway.records.length;
      await system.editGatewayConfig(() => edit(original));
      system.gateway.kill('SIGHUP');
      return system.gateway.waitFor(
        'the reload',
        (record) =>
          (record.event === 'reloaded' || record.event === 'reload-refused') &&
          system.gateway.records.indexOf(record) >= seen,
      );
    };

    const agent = () => {
      const [first] = runner.agents;
      if (first === undefined) throw new Error('no agent');
      return first;
    };

    const statusOf = async (domain: string): Promise<number> => {
      const request = raw.createRequest('MESSAGE', `sip:bob@${domain}`, agent().impu);
      return (await raw.send(raw.answer(request, await raw.send(request), agent()))).status;
    };

    it('takes new targets on', async () => {
      expect(await statusOf('new.example.com')).to.equal(404);
      const record = await reload((text) => text.replace('- example.com', '- new.example.com'));
      expect(record.applied).to.deep.equal(['gateway.sec3.sip']);
      expect(await statusOf('new.example.com')).to.equal(200);
      expect(await statusOf('example.com')).to.equal(404);
      await reload((text) => text);
      expect(await statusOf('example.com')).to.equal(200);
    });

    it('keeps the old configuration when the new one is wrong, and says where', async () => {
      const record = await reload((text) => text.replace('shutdownGraceMilliseconds:', 'shutdownGrace:'));
      expect(record.event).to.equal('reload-refused');
      expect(record.problems)
        .to.be.an('array')
        .that.satisfies(([problem]: string[]) => /^gateway\.yaml:\d+: gateway\.shutdownGrace: /.test(problem ?? ''));
      expect(await statusOf('example.com')).to.equal(200);
      const text = await runner.system.metricsText();
      expect(text).to.match(/^osgate_reloads_total\{outcome="refused"\} 1$/m);
      await reload((original_) => original_);
    });

    it('names what needs a restart', async () => {
      await reload((text) => text.replace('shutdownGraceMilliseconds: 2000', 'timers: { t1Milliseconds: 400 }'));
      const warning = await runner.system.gateway.waitFor('a warning', (record) => record.event === 'reload-ignored');
      expect(warning.keys).to.deep.equal(['gateway.timers.t1Milliseconds']);
      await reload((text) => text);
    });

    it('of an authenticator that changed no old nonce is good, of one that did not all are', async () => {
      const request = raw.createRequest('MESSAGE', 'sip:bob@example.com', agent().impu);
      const challenge = await raw.send(request);
      await reload((text) => text.replace('requests: none', 'requests: refused'));
      const signed = raw.answer(request, challenge, agent());
      expect((await raw.send(signed)).status, 'a log setting changed, no authenticator').to.equal(200);
      await reload((text) => text.replace('algorithms:', 'nonceLifetimeSeconds: 200\n            algorithms:'));
      const replayed = raw.createRequest('MESSAGE', 'sip:bob@example.com', agent().impu);
      replayed.set('Proxy-Authorization', signed.header('Proxy-Authorization') ?? '');
      const refusal = await raw.send(replayed);
      expect(refusal.status).to.equal(407);
      expect(refusal.header('Proxy-Authenticate')).to.contain('stale=true');
      await reload((text) => text);
    });

    it('lesson 15: under load no call fails', async () => {
      const load = runner.run({
        name: 'patient-message',
        calls: 200,
        callsPerSecond: 30,
        limit: 200,
        timeoutSeconds: 60,
      });
      const state = { done: false };
      const finished = load.finally(() => (state.done = true));
      for (let count = 0; !state.done; count++) {
        const name = count % 2 === 0 ? 'spare.example.com' : 'other.example.com';
        await reload((text) => text.replace('- failover.example.com', `- ${name}`));
        await delay(100);
      }
      const { ok, errors } = await finished;
      expect(ok, errors).to.equal(true);
    });
  });
}

describe('200 reloads', function () {
  this.timeout(60_000);

  it('lesson 14: leave the memory as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osgate-reload-'));
    const path = join(folder, 'osgate.yaml');
    const write = (number: number): Promise<void> => writeFile(path, configText(number));
    await write(0);
    for (const name of ['a.pem', 'a.key', 'b.pem']) await writeFile(join(folder, name), '');
    const logger = createLogger({ level: 'silent', format: 'json' }, 'test');
    const gateway = await startGateway(await loadConfig(path), logger, { configPath: path });
    try {
      const reloads = async (count: number): Promise<void> => {
        for (let index = 0; index < count; index++) {
          // Targets and an authenticator are new each time.
          await write(index + 1);
          expect((await gateway.reload()).outcome).to.equal('applied');
        }
      };
      await reloads(50);
      const before = heapAfterCollection();
      await reloads(200);
      const growth = heapAfterCollection() - before;
      // One set of settings kept by mistake is some 20 kB, so 200 of them are 4 MB.
      expect(growth, `${growth} octets more`).to.be.lessThan(1_000_000);
    } finally {
      await gateway.close();
      await rm(folder, { recursive: true });
    }
  });
});

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function configText(number: number): string {
  return `
log: { level: silent }
gateway:
  keyCentre:
    type: nbsp
    url: https://kmc.example.com
    tls: { certificate: a.pem, privateKey: a.key, authorities: b.pem }
  sec1:
    sip:
      - name: agents
        host: 127.0.0.1
        port: 0
        fqdn: osg.example.com
        authenticators:
          - { type: gba-digest, nonceLifetimeSeconds: ${100 + number}, keyCacheMaximum: 1000 }
          - { type: trusted, peers: ['10.0.0.0/8'] }
  sec3:
    sip: [{ name: all, domains: ['*'], targets: ['sip:192.0.2.${(number % 200) + 1}:5060'] }]
`;
}
