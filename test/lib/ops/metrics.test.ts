import { expect } from 'chai';
import { createLogger, Metrics, type MetricsServer, startMetricsServer } from '../../../lib/ops/index.ts';

describe('metrics', () => {
  it('keep two registries apart', async () => {
    const one = new Metrics();
    const other = new Metrics();
    one.counter({ name: 'osgate_test_total', help: 'Test.' }).inc();
    other.counter({ name: 'osgate_test_total', help: 'Test.' }).inc(5);
    expect(await one.render()).to.include('osgate_test_total 1');
    expect(await other.render()).to.include('osgate_test_total 5');
  });

  it('read a gauge when they are asked for', async () => {
    const metrics = new Metrics();
    let value = 1;
    metrics.gauge({ name: 'osgate_test', help: 'Test.' }, () => value);
    value = 7;
    expect(await metrics.render()).to.include('osgate_test 7');
  });

  it('publish a plain object of counters, one label value a key', async () => {
    const metrics = new Metrics();
    const counters = { received: 3, dropped: 1 };
    metrics.countersOf({ name: 'osgate_test_total', help: 'Test.', label: 'event' }, () => counters);
    await metrics.render();
    counters.received = 4;
    const text = await metrics.render();
    expect(text)
      .to.include('osgate_test_total{event="received"} 4')
      .and.include('osgate_test_total{event="dropped"} 1');
  });
});

describe('the metrics server', () => {
  let server: MetricsServer;

  before(async () => {
    const metrics = new Metrics();
    metrics.addProcessMetrics();
    metrics.counter({ name: 'osgate_test_total', help: 'Test.' }).inc(2);
    const logger = createLogger({ level: 'silent', format: 'json' }, 'test');
    server = await startMetricsServer({ host: '127.0.0.1', port: 0, metrics, logger });
  });

  after(async () => {
    await server.close();
  });

  it('answers GET /metrics in the format of Prometheus', async () => {
    const response = await ask('/metrics');
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.match(/^text\/plain; version=0\.0\.4/);
    expect(await response.text())
      .to.include('osgate_test_total 2')
      .and.include('process_cpu_seconds_total');
  });

  it('answers 404 elsewhere and 405 to other methods', async () => {
    expect((await ask('/')).status).to.equal(404);
    expect((await ask('/metrics', 'POST')).status).to.equal(405);
  });

  async function ask(path: string, method = 'GET'): Promise<Response> {
    return fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  }
});
