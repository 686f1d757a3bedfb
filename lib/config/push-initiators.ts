import { z } from 'zod';

import { PUSH_MESSAGE_CLASSES } from '../../push/index.ts';
import {
  choice,
  count,
  domainName,
  type FilePath,
  host,
  integer,
  list,
  milliseconds,
  port,
  section,
  text,
  tlsServer,
  token,
  url,
} from './values.ts';
import type { DeepReadonly } from './schema.ts';
import { pushNotifications } from './push-notifications.ts';

/** Where push initiators hand pushes in: PAP and the JSON API over HTTP. */
export function pushInitiatorsSection(file: FilePath) {
  return section({
    fqdn: domainName().describe(
      'The name that initiators know the server by: the realm of HTTP Digest, and the host in addresses of PAP.',
    ),
    host: host().default('127.0.0.1').describe('The address to listen on.'),
    port: port().default(9466).describe('The TCP port to listen on; 0 lets the system choose.'),
    tls: tlsServer(file)
      .extend({
        clientAuthorities: file
          .optional()
          .describe(
            'PEM file: the authorities that sign the certificates of initiators. Without it none are asked for.',
          ),
      })
      .optional()
      .describe('HTTPS in place of HTTP.'),
    maximumRequestOctets: integer(1024, 16_777_216)
      .default(262_144)
      .describe('The longest body of a request; a longer one is answered 413.'),
    maximumConnections: count().default(1000).describe('Connections at once; further ones are closed.'),
    requestTimeoutMilliseconds: milliseconds()
      .default(10_000)
      .describe('How long a request may take to arrive; then it is answered 408.'),
    idleTimeoutMilliseconds: milliseconds().default(5000).describe('How long a connection may wait for a request.'),
    digest: section({
      nonceLifetimeSeconds: integer(1, 86_400).default(300).describe('How long a nonce may be used.'),
      nonceCountWindow: integer(1, 4096)
        .default(128)
        .describe('How far a nonce count may lie behind the highest one that was seen.'),
      maximumNonces: count()
        .default(10_000)
        .describe('Nonces in use at once; while there are that many a request with a new one is answered 503.'),
    })
      .prefault({})
      .describe('HTTP Digest.'),
    defaultLifetimeSeconds: integer(1, 31_536_000)
      .default(86_400)
      .describe('How long a push is tried that does not say so itself.'),
    maximumLifetimeSeconds: integer(1, 31_536_000)
      .default(604_800)
      .describe('How far away the end of a push may be; further away it is refused.'),
    notifications: pushNotifications(file).prefault({}).describe('How initiators are told of the end of a push.'),
    initiators: list(initiator(file), 'a list of initiators', 1).describe('Who may push, and what.'),
  }).superRefine(checkInitiators);
}

/** The section with every default filled in. */
export type PushInitiatorsConfig = DeepReadonly<z.infer<ReturnType<typeof pushInitiatorsSection>>>;
export type InitiatorConfig = PushInitiatorsConfig['initiators'][number];

function initiator(file: FilePath) {
  return section({
    name: token("a name of letters, digits and -.!%*_+`'~").describe(
      'The name of the initiator: in logs, and its user name for HTTP Digest.',
    ),
    certificate: domainName()
      .optional()
      .describe('The dNSName in the subject alternative name of its certificate, to authenticate by TLS.'),
    token: secretText(file, 'the bearer token').optional().describe('To authenticate by a bearer token (RFC 6750).'),
    password: secretText(file, 'the password')
      .optional()
      .describe('To authenticate by HTTP Digest with SHA-256 (RFC 7616).'),
    recipients: list(recipientPattern(), 'a list of domains, of beginnings such as tel:+49, or of *', 1).describe(
      'Subscribers that it may push to: `*`, domains, or beginnings of telephone numbers such as `tel:+49`.',
    ),
    applicationIds: list(
      text('an application identifier, or the empty text', () => true),
      'a list of applications',
      1,
    )
      .optional()
      .describe(
        'Applications in the agent that it may push to, the empty text for pushes that name none; by default all.',
      ),
    messageClasses: list(choice(PUSH_MESSAGE_CLASSES), 'a list of message classes', 1)
      .optional()
      .describe(
        'Message classes one of which each of its pushes must name; by default all, and none is fine too. PAP cannot name one.',
      ),
    notifyUrls: list(url('https', 'http'), 'a list of URLs')
      .default([])
      .describe('Beginnings of the URLs that its notifications may go to; without any it gets none.'),
    notificationFormat: choice(['pap', 'json'])
      .default('json')
      .describe('What its notifications are: `pap` for resultnotification-message, `json` for what GET /pushes gives.'),
    maximumContentOctets: integer(1, 16_777_216).default(16_384).describe('The longest content of a push.'),
    maximumOpenPushes: count().default(10_000).describe('Pushes of it that have not ended; beyond that it is refused.'),
    burst: count().default(1000).describe('Pushes that it may hand in at once.'),
    perSecond: integer(1, 100_000).default(100).describe('Pushes that it may hand in a second after that.'),
    priority: choice(['high', 'medium', 'low']).default('high').describe('The highest priority that it may ask for.'),
  });
}

/** Where a secret comes from; never from the configuration file itself. */
function secretText(file: FilePath, what: string) {
  return z.union(
    [
      section({ file: file.describe(`File with ${what}: 16 characters or more, without spaces.`) }),
      section({
        environment: text('the name of an environment variable', (name) =>
          /^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
        ).describe(`Environment variable with ${what}.`),
      }),
    ],
    { error: 'either file or environment, and only one of them' },
  );
}

function recipientPattern() {
  return text(
    'a domain, a beginning such as tel:+49, or *',
    (value) =>
      value === '*' || /^tel:\+[0-9]{0,15}$/.test(value) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$/.test(value),
  );
}

interface Checked {
  readonly tls?: { readonly clientAuthorities?: string | undefined } | undefined;
  readonly defaultLifetimeSeconds: number;
  readonly maximumLifetimeSeconds: number;
  readonly initiators: readonly {
    readonly name: string;
    readonly certificate?: string | undefined;
    readonly token?: unknown;
    readonly password?: unknown;
  }[];
}

/** The rules that tie one key to another. */
function checkInitiators(config: Checked, context: z.RefinementCtx): void {
  const problem = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  if (config.defaultLifetimeSeconds > config.maximumLifetimeSeconds) {
    problem(['defaultLifetimeSeconds'], 'at most maximumLifetimeSeconds');
  }
  const names = new Set<string>();
  const certificates = new Set<string>();
  for (const [index, { name, certificate, token: bearer, password }] of config.initiators.entries()) {
    if (names.has(name)) problem(['initiators', index, 'name'], 'a name that no other initiator has');
    names.add(name);
    if (certificate === undefined && bearer === undefined && password === undefined) {
      problem(['initiators', index], 'a certificate, a token or a password to authenticate with');
    }
    if (certificate === undefined) continue;
    if (certificates.has(certificate.toLowerCase())) {
      problem(['initiators', index, 'certificate'], 'a name that no other initiator has');
    }
    certificates.add(certificate.toLowerCase());
    if (config.tls?.clientAuthorities === undefined) {
      problem(['initiators', index, 'certificate'], 'tls.clientAuthorities beside it, since nobody is asked for one');
    }
  }
}
