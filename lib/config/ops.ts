import { host, port, section } from './values.ts';

/** The `ops` section. */
export function opsSection() {
  return section({
    metrics: section({
      host: host().default('127.0.0.1').describe('The address that serves metrics.'),
      port: port().default(9464).describe('Its TCP port.'),
    })
      .optional()
      .describe('Prometheus metrics of the gateway over HTTP at /metrics. Without this group nothing is served.'),
  });
}
