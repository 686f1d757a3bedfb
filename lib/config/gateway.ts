import { pushRealm } from '../../push/association/index.ts';
import { admissionSection } from './admission.ts';
import { CHANNEL_AUTHENTICATOR_TYPES, sipChannelAuthenticators } from './channel-authenticators.ts';
import { datagramListener } from './datagram-listeners.ts';
import { digestAuthenticator, digestKeys } from './digest-authenticator.ts';
import { dnsSection } from './dns.ts';
import { dtlsSection } from './dtls.ts';
import { flows } from './flows.ts';
import { pushSection } from './push.ts';
import { pushDigest } from './push-authenticators.ts';
import { policySection, requirements } from './security-policy.ts';
import { sipTargetRule } from './sip-targets.ts';
import { datagrams, streams } from './streams.ts';
import {
  choice,
  count,
  domainName,
  type FilePath,
  host,
  integer,
  list,
  milliseconds,
  network,
  oneOf,
  port,
  secretSource,
  section,
  text,
  token,
  uaSecurityProtocolId,
  url,
} from './values.ts';
import { drainDelay, supervision, workers } from './workers.ts';

/** The `gateway` section: the OMA Security Gateway (GBA NAF). */
export function gatewaySection(file: FilePath) {
  return section({
    keyCentre: keyCentre(file).describe('Where the gateway gets keys from.'),
    secret: secretSource(file)
      .optional()
      .describe(
        'The secret behind the proofs of dialogs and the tokens of flows, 32 octets; by default a new one at each start, so that dialogs set up before a restart are refused after it.',
      ),
    sec1: section({
      sip: list(sipListener(file), 'a list of SIP listeners', 1).describe('SIP listeners.'),
      datagram: list(datagramListener(file), 'a list of datagram listeners')
        .default([])
        .describe('Listeners for any other enabler over UDP, such as CoAP: DTLS towards agents, UDP towards a server.'),
    }).describe('What faces the agents (SEC-1).'),
    sec3: section({
      sip: list(sipTargetRule(), 'a list of SIP targets')
        .default([])
        .describe('SIP targets, the first that fits is taken.'),
    })
      .prefault({})
      .describe('What hands a session to a requesting resource (SEC-3).'),
    dtls: dtlsSection(file).prefault({}).describe('DTLS on SEC-1.'),
    dns: dnsSection().prefault({}).describe('How names of SIP servers become addresses (RFC 3263).'),
    policy: policySection().prefault({}).describe('What agents may do, by their user security settings.'),
    limits: limits().prefault({}).describe('Bounds. At a bound the new is refused and counted, the old goes on.'),
    streams: streams().prefault({}).describe('SIP over TCP.'),
    datagrams: datagrams().prefault({}).describe('SIP over UDP.'),
    flows: flows().prefault({}).describe('The flows that agents opened (RFC 5626).'),
    admission: admissionSection()
      .prefault({})
      .describe('What strangers may use of the gateway, so that they cannot hurt those who are known.'),
    timers: timers().prefault({}).describe('The timers of SIP (RFC 3261 table 4).'),
    push: pushSection(file).optional().describe('GBA Push: messages to agents that never asked. Without it, none.'),
    workers: workers(),
    supervision: supervision().prefault({}).describe('How the supervisor treats its workers.'),
    drainDelayMilliseconds: drainDelay(),
    shutdownGraceMilliseconds: milliseconds(0)
      .default(10_000)
      .describe('How long transactions under way may take to finish after SIGTERM.'),
  });
}

function keyCentre(file: FilePath) {
  return oneOf(
    ['embedded', 'nbsp'],
    [
      section({ type: choice(['embedded']).describe('The key centre of the `kmc` section, in this same process.') }),
      section({
        type: choice(['nbsp']).describe('A key centre in another process, over Nbsp_GBA (TS 29.309).'),
        url: url('https').describe('Where the key centre serves Nbsp_GBA, such as https://kmc.example.net:8443.'),
        tls: section({
          certificate: file.describe('PEM file: the certificate of this gateway.'),
          privateKey: file.describe('PEM file: its private key.'),
          authorities: file.describe('PEM file: the authorities that sign the key centre’s certificate.'),
        }).describe('Mutual TLS.'),
        timeoutMilliseconds: milliseconds().default(5000).describe('How long to wait for an answer.'),
      }),
    ],
  );
}

function sipListener(file: FilePath) {
  return section({
    name: text('a name').describe('The name of this listener, in `sec3` and in logs.'),
    host: host().describe('The address to listen on.'),
    port: port()
      .optional()
      .describe(
        'The port to listen on, the same for all transports; 0 lets the system choose. By default 5060, and 5061 for `dtls` alone.',
      ),
    transports: list(choice(['udp', 'tcp', 'dtls']), 'a list of udp, tcp and dtls', 1)
      .default(['udp', 'tcp'])
      .describe(
        'The transports to listen on. With `udp` and `dtls` both, one port serves both: the first octet of a datagram tells SIP, STUN and DTLS apart.',
      ),
    advertised: section({
      host: host().describe('The address or name that peers can reach.'),
      port: integer(1, 65535).optional().describe('The port that peers can reach; by default the one that is bound.'),
    })
      .optional()
      .describe('What Via and Record-Route say in place of the address that is bound, behind NAT for instance.'),
    fqdn: domainName().describe('The FQDN of the gateway in the NAF_Id, as agents know it (TS 33.220 4.5.2).'),
    realm: text('a realm')
      .optional()
      .describe('The realm of the challenge of `gba-digest`; by default `3GPP-bootstrapping@` and the FQDN.'),
    authenticators: list(authenticator(file), 'a list of authenticators', 1).describe(
      'How a peer may prove who it is, tried in this order.',
    ),
    unauthenticatedMethods: list(token('a SIP method'), 'a list of SIP methods')
      .default([])
      .describe('Methods that need no authentication. Every other method needs it.'),
    requires: requirements()
      .optional()
      .describe(
        'What an agent’s user security settings must have to be let in here, at least one of these; by default nothing.',
      ),
  }).transform((listener) => ({
    ...listener,
    port: listener.port ?? (listener.transports.every((transport) => transport === 'dtls') ? 5061 : 5060),
    realm: listener.realm ?? `3GPP-bootstrapping@${listener.fqdn}`,
    authenticators: listener.authenticators.map((authenticator) => {
      if (authenticator.type === 'digest') return { ...authenticator, realm: authenticator.realm ?? listener.fqdn };
      if (authenticator.type === 'push-digest') {
        return { ...authenticator, realm: authenticator.realm ?? pushRealm(listener.fqdn) };
      }
      return authenticator;
    }),
  }));
}

function authenticator(file: FilePath) {
  return oneOf(
    ['gba-digest', 'digest', 'push-digest', ...CHANNEL_AUTHENTICATOR_TYPES, 'trusted'],
    [
      section({
        type: choice(['gba-digest']).describe('Digest with a B-TID and Ks_NAF (TS 33.220, RFC 8760).'),
        uaSecurityProtocolId: uaSecurityProtocolId().describe(
          'The Ua security protocol identifier in the NAF_Id: 0300000003 by default, 0300000002 for LOCSIP.',
        ),
        ...digestKeys(),
        keyCacheMaximum: count()
          .default(100_000)
          .describe('Keys kept until they expire; the least recently used one goes first.'),
      }),
      digestAuthenticator(),
      pushDigest(),
      ...sipChannelAuthenticators(file),
      section({
        type: choice(['trusted']).describe('Believes peers by their address. For the inside of the network only.'),
        peers: list(network(), 'a list of IP addresses and networks', 1).describe(
          'The addresses and networks that are believed.',
        ),
      }),
    ],
  );
}

function limits() {
  return section({
    maximumMessageBytes: integer(512, 65_535).default(65_535).describe('The largest SIP message, in octets.'),
    maximumHeaders: count(8).default(256).describe('Header fields in one message.'),
    maximumServerTransactions: count().default(200_000).describe('Server transactions at once.'),
    maximumClientTransactions: count().default(200_000).describe('Client transactions at once.'),
    maximumNonces: count()
      .default(2_000_000)
      .describe(
        'Nonces whose counts are remembered at once, against replay: at least the new ones a second times `nonceLifetimeSeconds`. Each takes 48 octets.',
      ),
    nonceCountWindow: integer(1, 4096)
      .default(64)
      .describe('How far behind the highest nonce count a late one may be.'),
  });
}

function timers() {
  return section({
    t1Milliseconds: milliseconds().default(500).describe('T1, an estimate of the round trip.'),
    t2Milliseconds: milliseconds().default(4000).describe('T2, the longest interval between retransmissions.'),
    t4Milliseconds: milliseconds().default(5000).describe('T4, how long a message stays in the network.'),
    timerCMilliseconds: milliseconds(180_001)
      .default(181_000)
      .describe(
        'Timer C, how long an INVITE may go without a final response: more than three minutes (RFC 3261 16.6).',
      ),
  });
}
