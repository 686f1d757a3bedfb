import { hepSection } from './hep.ts';
import { type FilePath, host, integer, port, section, text } from './values.ts';
import { z } from 'zod';

/** The `ops` section. */
export function opsSection(file: FilePath) {
  return section({
    metrics: section({
      host: host().default('127.0.0.1').describe('The address that serves metrics.'),
      port: port().default(9464).describe('Its TCP port.'),
    })
      .optional()
      .describe('Prometheus metrics of the gateway over HTTP at /metrics. Without this group nothing is served.'),
    admin: section({
      host: host().default('127.0.0.1').describe('The address that serves the admin API.'),
      port: port().default(9465).describe('Its TCP port.'),
      token: tokenSource(file).describe('The bearer token that everything but /health and /ready asks for.'),
      maximumFlows: integer(1, 100_000).default(1000).describe('Flows in one answer of GET /flows.'),
    })
      .optional()
      .describe('The admin API of the gateway over HTTP. Without this group nothing is served.'),
    hep: hepSection()
      .optional()
      .describe('Copies of SIP messages to a HEP v3 collector. Without this group none are made.'),
  });
}

/** Where a token comes from; never from the configuration file itself. */
function tokenSource(file: FilePath) {
  return z.union(
    [
      section({ file: file.describe('File with the token: 16 characters or more, without spaces.') }),
      section({
        environment: text('the name of an environment variable', (name) =>
          /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
        ).describe('Environment variable with the token.'),
      }),
    ],
    { error: 'either file or environment, and only one of them' },
  );
}
