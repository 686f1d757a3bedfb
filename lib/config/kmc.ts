import {
  choice,
  count,
  domainName,
  type FilePath,
  flag,
  host,
  integer,
  list,
  milliseconds,
  oneOf,
  port,
  secretSource,
  section,
  text,
  tlsServer,
} from './values.ts';

/** The `kmc` section: the key centre (GBA BSF). */
export function kmcSection(file: FilePath) {
  return section({
    domain: domainName().describe(
      'The domain of the key centre: the right-hand side of every B-TID (TS 33.220 4.5.2).',
    ),
    subscribers: subscribers(file).describe('Where the subscribers are kept.'),
    bootstrapping: bootstrapping(file).prefault({}).describe('The bootstrapping function.'),
    ub: ub(file).optional().describe('Serves agents over HTTP. Without this group Ub is not served.'),
    nbsp: nbsp(file)
      .optional()
      .describe('Serves gateways in other processes: Nbsp_GBA (TS 29.309). Without it, not served.'),
    shutdownGraceMilliseconds: milliseconds(0)
      .default(5000)
      .describe('How long requests under way may take to finish after SIGTERM.'),
  }).transform((kmc) => ({
    ...kmc,
    // The realm of Ub is the key centre's own domain unless it is said otherwise.
    ub: kmc.ub === undefined ? undefined : { ...kmc.ub, realm: kmc.ub.realm ?? kmc.domain },
  }));
}

function subscribers(file: FilePath) {
  return section({
    database: file.describe('SQLite file with the subscribers.'),
    secretKey: secretSource(file).describe('The key that seals K, OP and OPc in the database.'),
  });
}

function bootstrapping(file: FilePath) {
  return section({
    store: oneOf(
      ['memory', 'sqlite'],
      [
        section({ type: choice(['memory']).describe('Contexts are lost at a restart; agents then bootstrap again.') }),
        section({
          type: choice(['sqlite']).describe('Contexts survive a restart.'),
          path: file.describe('SQLite file with the bootstrapping contexts.'),
        }),
      ],
    )
      .prefault({ type: 'memory' })
      .describe('Where bootstrapping contexts are kept.'),
    keyLifetimeSeconds: integer(1, 31_536_000)
      .default(3600)
      .describe('How long the keys of one bootstrapping may be used.'),
    challengeLifetimeSeconds: integer(1, 3600)
      .default(60)
      .describe('How long an agent may take to answer a challenge of Ub.'),
    maximumContexts: count()
      .default(1_000_000)
      .describe('Bootstrapping contexts kept at once; beyond that new ones are refused.'),
    maximumChallenges: count()
      .default(100_000)
      .describe('Challenges open at once; beyond that new bootstrappings are refused.'),
    challengeBurst: count()
      .default(20)
      .describe('Challenges that one private identity may draw at once; each uses a sequence number up.'),
    challengesPerSecond: integer(1, 1000)
      .default(1)
      .describe('Challenges that a private identity gets back a second after a burst.'),
    tmpi: flag().default(true).describe('Lets agents use a temporary identity (TMPI) in place of the IMPI.'),
  });
}

function ub(file: FilePath) {
  return section({
    host: host().describe('The address to listen on.'),
    port: port().describe('The TCP port to listen on; 0 lets the system choose.'),
    realm: text('a realm').optional().describe('The realm of the challenge; by default `kmc.domain`.'),
    tls: tlsServer(file).optional().describe('HTTPS in place of HTTP.'),
  });
}

function nbsp(file: FilePath) {
  return section({
    host: host().describe('The address to listen on.'),
    port: port().describe('The TCP port to listen on; 0 lets the system choose.'),
    tls: tlsServer(file)
      .extend({ clientAuthorities: file.describe('PEM file: the authorities that sign the certificates of gateways.') })
      .describe('Mutual TLS; there is no way to serve Nbsp_GBA without it.'),
    clients: list(
      section({
        name: domainName().describe('The dNSName in the subject alternative name of the gateway’s certificate.'),
        fqdns: list(domainName(), 'a list of domain names', 1).describe(
          'The FQDNs that this gateway may ask keys for.',
        ),
        gsids: list(integer(0, 0xffff_ffff), 'a list of GBA service identifiers')
          .default([])
          .describe('The GBA service identifiers whose user security settings it may read.'),
        push: flag().default(false).describe('Whether it may push to subscribers: a Push-NAF of GBA Push (TS 33.223).'),
        revealImpi: flag().default(false).describe('Whether it is told the private identity (IMPI).'),
      }),
      'a list of gateways',
      1,
    ).describe('The gateways that may ask, and for what.'),
  });
}
