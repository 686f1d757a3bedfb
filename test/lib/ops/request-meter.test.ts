import { expect } from 'chai';

import {
  Metrics,
  PlainCounter,
  RequestMeter,
  countsOnly,
  mergeMetrics,
  renderMerged,
  sumOf,
} from '../../../lib/ops/index.ts';

describe('RED metrics', () => {
  it('lesson 35: count requests by method and class, and how long they took, and let a peer make up no label', async () => {
    const text = await rendered([
      ['INVITE', 200, 700],
      ['INVITE', 486, 3],
      ['MESSAGE', 200, 0],
      ['X-MADE-UP', 404, 50_000],
      ['X-OTHER', 503, 1],
    ]);
    for (const line of [
      'osgate_sip_requests_total{listener="a",method="INVITE",class="2xx"} 1',
      'osgate_sip_requests_total{listener="a",method="INVITE",class="4xx"} 1',
      'osgate_sip_requests_total{listener="a",method="other",class="4xx"} 1',
      'osgate_sip_requests_total{listener="a",method="other",class="5xx"} 1',
      'osgate_sip_request_duration_seconds_bucket{listener="a",method="INVITE",le="0.005"} 1',
      'osgate_sip_request_duration_seconds_bucket{listener="a",method="INVITE",le="1"} 2',
      'osgate_sip_request_duration_seconds_bucket{listener="a",method="other",le="32"} 1',
      'osgate_sip_request_duration_seconds_bucket{listener="a",method="other",le="+Inf"} 2',
      'osgate_sip_request_duration_seconds_count{listener="a",method="INVITE"} 2',
      'osgate_sip_request_duration_seconds_sum{listener="a",method="INVITE"} 0.703',
    ]) {
      expect(text).to.contain(`${line}\n`);
    }
    expect(text).not.to.contain('MADE-UP').and.not.contain('PUBLISH');
  });

  it('add up over processes', async () => {
    const one = metricsOf([['MESSAGE', 200, 2]]);
    const other = metricsOf([
      ['MESSAGE', 200, 2],
      ['MESSAGE', 200, 400],
    ]);
    const parts = [await one.toJson(), await other.toJson()];
    const text = await renderMerged(parts);
    expect(text).to.contain('osgate_sip_requests_total{listener="a",method="MESSAGE",class="2xx"} 3\n');
    expect(text).to.contain('_bucket{listener="a",method="MESSAGE",le="0.0025"} 2\n');
    expect(text).to.contain('_bucket{listener="a",method="MESSAGE",le="+Inf"} 3\n');
    expect(text).to.contain('osgate_test_gauge 14\n');
    const merged = await mergeMetrics(parts);
    expect(sumOf(merged, 'osgate_sip_requests_total')).to.equal(3);
    expect(countsOnly(merged).map(({ name }) => name)).to.deep.equal([
      'osgate_sip_requests_total',
      'osgate_sip_request_duration_seconds',
    ]);
  });

  it('have counters with two labels that cost a look-up and an addition', () => {
    const counter = new PlainCounter('reason', 'status');
    counter.count('stale', '407');
    counter.count('stale', '407');
    counter.count('stale', '401');
    expect(counter.samples()).to.deep.equal([
      { labels: { reason: 'stale', status: '407' }, value: 2 },
      { labels: { reason: 'stale', status: '401' }, value: 1 },
    ]);
  });
});

type Answers = readonly (readonly [string, number, number])[];

function metricsOf(answers: Answers): Metrics {
  const metrics = new Metrics();
  const meter = new RequestMeter();
  metrics.samplesOf({ name: 'osgate_sip_requests_total', help: 'Test.', labels: ['listener', 'method', 'class'] }, () =>
    meter.answers({ listener: 'a' }),
  );
  metrics.histogramsOf(
    { name: 'osgate_sip_request_duration_seconds', help: 'Test.', labels: ['listener', 'method'] },
    () => meter.durations({ listener: 'a' }),
  );
  metrics.gauge({ name: 'osgate_test_gauge', help: 'Test.' }, () => 7);
  for (const [method, status, milliseconds] of answers) meter.answered(method, status, milliseconds);
  return metrics;
}

async function rendered(answers: Answers): Promise<string> {
  return metricsOf(answers).render();
}
