import { count, domainName, flag, integer, list, milliseconds, section, text, type FilePath } from './values.ts';

/** `gateway.dtls`: what all DTLS listeners of SEC-1 have in common. */
export function dtlsSection(file: FilePath) {
  return section({
    certificates: list(
      section({
        certificate: file.describe('PEM file: the certificate, followed by the ones that lead to its authority.'),
        privateKey: file.describe('PEM file: the private key of the certificate.'),
        serverNames: list(domainName(), 'a list of domain names', 1)
          .optional()
          .describe('Names (SNI) for which it is chosen; by default those of the certificate.'),
      }),
      'a list of certificates with their private keys',
    )
      .default([])
      .describe(
        'Certificates of the gateway, the first one for whoever asks for no name that another one has. Without any, only suites with pre-shared keys are offered. Read again on SIGHUP.',
      ),
    cipherSuites: list(text('the IANA name of a cipher suite'), 'a list of cipher suites', 1)
      .optional()
      .describe(
        'Cipher suites on offer by their IANA names, the preferred one first; by default those with authenticated encryption, forward secrecy first.',
      ),
    groups: list(text('x25519, secp256r1 or secp384r1'), 'a list of x25519, secp256r1 and secp384r1', 1)
      .optional()
      .describe('Groups for the key agreement, the preferred one first; by default x25519, secp256r1, secp384r1.'),
    mtu: integer(256, 65_507)
      .default(1200)
      .describe('Octets of a datagram that reaches every peer, without the headers of IP and UDP: handshakes fit it.'),
    handshakeTimeoutMilliseconds: milliseconds()
      .default(30_000)
      .describe('How long a handshake may take from the proof of its address to its end.'),
    retransmitMilliseconds: milliseconds()
      .default(1000)
      .describe(
        'How long the first wait for an answer within a handshake is; it doubles each time (RFC 6347 4.2.4.1).',
      ),
    retransmitMaximumMilliseconds: milliseconds().default(60_000).describe('The longest such wait.'),
    idleTimeoutSeconds: integer(1, 604_800)
      .default(7200)
      .describe('How long an association may be silent before it is given up, and with it the SIP flow over it.'),
    connectionId: section({
      enabled: flag()
        .default(true)
        .describe('Whether clients that ask for it get a connection id, so that they survive a change of address.'),
      octets: integer(4, 20).default(8).describe('The length of a connection id; it carries the number of the worker.'),
    })
      .prefault({})
      .describe('Connection ids (RFC 9146).'),
    returnRoutabilityCheck: flag()
      .default(false)
      .describe('Whether a peer at a new address has to prove it before anything is sent there (RFC 9853).'),
    sessionTickets: flag()
      .default(true)
      .describe('Whether clients may resume by ticket (RFC 5077); no ticket outlives the GBA key that it stands for.'),
    ticketLifetimeSeconds: integer(1, 604_800).default(3600).describe('How long a ticket may be used.'),
    ticketRotationSeconds: integer(1, 604_800).default(3600).describe('How often the key that seals tickets changes.'),
    sessionCacheMaximum: integer(0, 1_000_000)
      .default(10_000)
      .describe('Sessions kept for clients that resume by session id, on each listener; 0 keeps none.'),
    cookieRotationSeconds: integer(1, 3600)
      .default(60)
      .describe('How often the secret behind the cookies changes; the one before is good as long again.'),
    callsOpenssl: flag()
      .default(true)
      .describe(
        'Protects records by functions of the OpenSSL that Node runs on, called without node:crypto, at a fifth of its CPU time. It takes Linux and the optional npm package koffi; without them it is done by node:crypto.',
      ),
    limits: limits().prefault({}).describe('Bounds, of each listener. At a bound the new is refused and counted.'),
    keyLog: file
      .optional()
      .describe(
        'File to which the secrets of every association are appended in the form of SSLKEYLOGFILE, for Wireshark. Whoever reads it reads everything: never in production.',
      ),
    handover: file
      .optional()
      .describe(
        'File, sealed under `gateway.secret`, that takes the associations from a gateway that is stopped to the one that is started next; without it they end with the process. Workers append their numbers.',
      ),
  });
}

function limits() {
  return section({
    associations: count().default(100_000).describe('Associations at once.'),
    halfOpen: count().default(10_000).describe('Handshakes at once whose peers have proven their addresses.'),
    halfOpenPerAddress: count().default(256).describe('Of those, how many may come from one address.'),
    halfOpenBytes: count(65_536)
      .default(67_108_864)
      .describe('Octets that all handshakes together may keep of messages that are not whole yet.'),
    handshakeMessageBytes: integer(1024, 16_777_215)
      .default(32_768)
      .describe('Octets of one handshake message, certificate chains above all.'),
    clientHelloBytes: integer(256, 65_507)
      .default(4096)
      .describe('Octets of a ClientHello that is looked at before its sender has proven its address.'),
    helloVerifyRequestsPerSecond: count().default(50_000).describe('HelloVerifyRequests a second, to everybody.'),
    pskLookUps: count().default(10_000).describe('Look-ups of pre-shared keys under way at once.'),
    unprovenAddressBytes: count(0)
      .default(4096)
      .describe(
        'Octets to an address that an agent has moved to, until a newer record proves it; three times what came from there, where that is more.',
      ),
    loggedFailuresPerSecond: count().default(100).describe('Failed handshakes that are logged, a second.'),
  });
}
