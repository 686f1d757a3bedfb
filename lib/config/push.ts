import { isIP } from 'node:net';

import type { z } from 'zod';

import { privateIdentity, publicIdentity } from '../../push/index.ts';
import { pushInitiatorsSection } from './push-initiators.ts';
import { smppCarrierSection } from './push-smpp.ts';
import type { DeepReadonly } from './schema.ts';
import {
  choice,
  count,
  domainName,
  type FilePath,
  hexadecimal,
  host,
  integer,
  list,
  milliseconds,
  oneOf,
  port,
  section,
  text,
} from './values.ts';

/** `gateway.push`: the gateway as a Push-NAF (TS 33.223). */
export function pushSection(file: FilePath) {
  return section({
    fqdn: domainName()
      .optional()
      .describe('The FQDN in the NAF_Id of pushes; by default that of the first listener in `gateway.sec1.sip`.'),
    uaSecurityProtocolId: hexadecimal(5)
      .default('0100000005')
      .describe('The Ua security protocol identifier in the NAF_Id of pushes (TS 33.220 Annex H.3).'),
    queue: queue(file).describe('Pushes that were accepted, on disk.'),
    associations: associations(file).describe('The NAF SAs that pushes have made, on disk.'),
    dispatch: dispatch().prefault({}).describe('How pushes are delivered.'),
    initiators: pushInitiatorsSection(file).describe('Who may push, and where they hand pushes in.'),
    addresses: list(address(), 'a list of recipients with addresses')
      .default([])
      .describe('Where carriers find those whose identity is not enough.'),
    carriers: list(carrier(file), 'a list of carriers', 1).describe('Ways to the agents, in order of preference.'),
  });
}

/** The section with every default filled in. */
export type PushConfig = DeepReadonly<z.infer<ReturnType<typeof pushSection>>>;
export type PushAddressConfig = PushConfig['addresses'][number];
export type PushCarrierConfig = PushConfig['carriers'][number];
export type SipCarrierConfig = Extract<PushCarrierConfig, { readonly type: 'sip' }>;
export type UdpCarrierConfig = Extract<PushCarrierConfig, { readonly type: 'udp' }>;

/** The FQDN of the gateway in the NAF_Id of pushes. */
export function pushFqdn(gateway: {
  readonly push?: Pick<PushConfig, 'fqdn'> | undefined;
  readonly sec1: { readonly sip: readonly { readonly fqdn: string }[] };
}): string {
  return gateway.push?.fqdn ?? gateway.sec1.sip[0]?.fqdn ?? '';
}

function queue(file: FilePath) {
  return section({
    path: file.describe('SQLite file with the pushes.'),
    maximumPushes: count().default(100_000).describe('Pushes that have not ended; beyond that new ones are refused.'),
    maximumPushesOfSubscriber: count().default(100).describe('The same for one subscriber.'),
    retentionSeconds: integer(1, 31_536_000)
      .default(86_400)
      .describe('How long the status of a push can be asked for after its end.'),
  });
}

function associations(file: FilePath) {
  return section({
    path: file.describe(
      'SQLite file with the NAF SAs, sealed by `gateway.secret`. Without that they are of no use after a restart.',
    ),
    maximumAssociations: count()
      .default(1_000_000)
      .describe('NAF SAs kept until they end; beyond that no push makes a new one.'),
  });
}

function dispatch() {
  return section({
    concurrency: integer(1, 100_000).default(256).describe('Pushes under way at once.'),
    receiptTimeoutMilliseconds: milliseconds().default(10_000).describe('How long an agent may take for its receipt.'),
    initialRetryMilliseconds: milliseconds()
      .default(2000)
      .describe('When to try again after the first attempt that failed; doubled with each one.'),
    maximumRetryMilliseconds: milliseconds().default(300_000).describe('The longest time between two attempts.'),
    keyLifetimeSeconds: integer(1, 31_536_000)
      .default(86_400)
      .describe('What is asked of the key centre for each NAF SA; it may grant less.'),
    minimumKeyRestMilliseconds: milliseconds(0)
      .default(30_000)
      .describe('A NAF SA that ends sooner than this is not used for another push.'),
  });
}

function address() {
  return section({
    recipient: text(
      'a private identity (user@realm) or a public one (a SIP or tel URI)',
      (value) => privateIdentity(value) !== undefined || publicIdentity(value) !== undefined,
    ).describe('Whose address it is: a private or a public identity, as initiators name it.'),
    udp: text('an IP address and a port, such as 192.0.2.7:4000', (value) => parseUdpAddress(value) !== undefined)
      .optional()
      .describe('Where the device listens for bare datagrams.'),
    msisdn: text('5 to 15 digits, with the country code', (value) => /^[0-9]{5,15}$/.test(value))
      .optional()
      .describe('The telephone number that messages go to by SMS.'),
  });
}

/** Undefined for what is no IP address with a port; IPv6 stands in brackets. */
export function parseUdpAddress(value: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(value);
  if (match === null) return undefined;
  const [, six, four, portText] = match;
  const parsedPort = Number(portText);
  if (parsedPort < 1 || parsedPort > 65_535) return undefined;
  if (six !== undefined) return isIP(six) === 6 ? { address: six, port: parsedPort } : undefined;
  return four !== undefined && isIP(four) === 4 ? { address: four, port: parsedPort } : undefined;
}

function carrier(file: FilePath) {
  return oneOf(
    ['sip', 'udp', 'smpp'],
    [
      section({
        type: choice(['sip']).describe(
          'SIP MESSAGE: over the flow that the agent has opened, else through the SIP core.',
        ),
        target: text('the name of a group in gateway.sec3.sip')
          .optional()
          .describe(
            'The group of `gateway.sec3.sip` that is the SIP core, for public identities without a flow; by default none.',
          ),
        flowTimeoutMilliseconds: milliseconds()
          .default(5000)
          .describe('How long an agent may take on one flow, before the next flow or the core is tried.'),
        coreTimeoutMilliseconds: milliseconds()
          .default(10_000)
          .describe('How long the core may take, before its next target is tried.'),
        maximumDatagramOctets: integer(512, 65_535)
          .default(1300)
          .describe('Longer MESSAGEs do not go over UDP and DTLS (RFC 3428 8), but over TCP or by another carrier.'),
        maximumUplinkOctets: integer(64, 65_535)
          .default(4096)
          .describe(
            'The longest package that an agent may send by a MESSAGE of its own; a longer one is answered 413.',
          ),
        uplinkPerSecond: count()
          .default(1000)
          .describe(
            'Such MESSAGEs in a second, of all agents together, in each worker; further ones are answered 503.',
          ),
      }),
      section({
        type: choice(['udp']).describe('Bare datagrams, for devices without SIP.'),
        host: host().describe('The address to send from, and to listen on for what devices answer.'),
        port: port().describe('The UDP port; 0 lets the system choose.'),
        maximumOctets: integer(256, 65_507)
          .default(1200)
          .describe('Longer packages are not sent, for they would be cut into fragments on the way.'),
        retransmitMilliseconds: milliseconds()
          .default(1000)
          .describe('Between a package and its first copy; doubled with each one.'),
        maximumCopies: integer(0, 20).default(3).describe('Copies of a package that is not answered.'),
        uplinkPerSecond: count()
          .default(2000)
          .describe('Datagrams in a second that are read of all agents together; more are dropped.'),
      }),
      smppCarrierSection(file),
    ],
  );
}
