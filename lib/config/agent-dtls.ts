import { cipherSuiteByName } from '../../dtls/suites/cipher-suite.ts';
import {
  choice,
  count,
  type FilePath,
  flag,
  host,
  integer,
  list,
  milliseconds,
  port,
  section,
  text,
} from './values.ts';

/**
 * The PSK suites that the agent offers, the most wanted first: forward secrecy before speed, and what constrained peers
 * have at the end.
 */
const PSK_SUITES = [
  'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_PSK_WITH_AES_128_GCM_SHA256',
  'TLS_PSK_WITH_AES_256_GCM_SHA384',
  'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_PSK_WITH_AES_128_CCM',
  'TLS_PSK_WITH_AES_128_CCM_8',
];

const CERTIFICATE_SUITES = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
];

/** The `agent.dtls` section: the association with the gateway. */
export function agentDtls(file: FilePath) {
  return section({
    client: choice(['osgate', 'node-dtls-client'])
      .default('osgate')
      .describe(
        'The DTLS client. `node-dtls-client` is an independent one, with plain PSK suites only, without connection ids, and without a look at the hint.',
      ),
    authentication: choice(['gba-psk', 'psk', 'certificate'])
      .default('gba-psk')
      .describe(
        'How both prove who they are in the handshake: by Ks_NAF as pre-shared key, by a pre-shared key that the gateway’s operator handed out (`osgate agent listen` only), or by certificates. Without a certificate of its own the agent is then asked for a digest inside.',
      ),
    pskFile: file
      .optional()
      .describe(
        'File with one line `identity:key`, the key in hexadecimal, as in the gateway’s `psk` authenticator (authentication psk only).',
      ),
    uaSecurityProtocol: choice(['oma', '3gpp'])
      .default('oma')
      .describe(
        'Which identifiers stand for the cipher suite YY ZZ in the NAF_Id of the pre-shared key: `oma` is 03 00 01 YY ZZ, `3gpp` is 01 00 01 YY ZZ. The same as at the gateway’s authenticator `gba-psk`.',
      ),
    identityForm: choice(['prefixed', 'btid'])
      .default('prefixed')
      .describe('The PSK identity: `3GPP-bootstrapping;` and the B-TID (TS 24.109 5.3.3), or the B-TID alone.'),
    requireHint: flag()
      .default(true)
      .describe('Ends the handshake unless the gateway’s PSK identity hint has `3GPP-bootstrapping` in it.'),
    cipherSuites: list(cipherSuite(), 'a list of cipher suites', 1)
      .optional()
      .describe(
        'The cipher suites to offer by their IANA names, the most wanted first. By default those with PSK, or with certificates, and authenticated encryption.',
      ),
    connectionId: flag()
      .default(true)
      .describe(
        'Connection ids (RFC 9146), with which the association survives a NAT that gives the agent another port.',
      ),
    authorities: file
      .optional()
      .describe('PEM file: the authorities that sign the gateway’s certificate (certificate authentication only).'),
    certificate: file
      .optional()
      .describe(
        'PEM file: the agent’s certificate, for a gateway that asks for one (certificate authentication only).',
      ),
    privateKey: file.optional().describe('PEM file: the private key of the certificate.'),
    mtu: integer(256, 65_507)
      .default(1200)
      .describe('The largest datagram of a handshake, in octets. Messages are sent whole, whatever their size.'),
    keepAliveSeconds: integer(0, 86_400)
      .default(25)
      .describe(
        'How often the agent sends CRLFCRLF over an association with SIP in it, so that NATs remember it; 0 is never.',
      ),
    answerSeconds: integer(1, 86_400)
      .default(10)
      .describe(
        'How long the gateway may leave such a keepalive without any sign of life before the agent makes a new association.',
      ),
    reconnect: section({
      initialMilliseconds: milliseconds().default(1000).describe('The first wait, when an attempt fails.'),
      maximumMilliseconds: milliseconds().default(60_000).describe('The wait doubles up to this.'),
    })
      .prefault({})
      .describe('How the agent waits between two attempts to make an association. It waits 50 to 100 % of the time.'),
    maximumQueuedDatagrams: count()
      .default(256)
      .describe('Datagrams that wait for an association to come about; more are dropped, the new ones.'),
    keyLog: file
      .optional()
      .describe(
        'File to which the secrets of each association are added, in the form of SSLKEYLOGFILE, for Wireshark. Who has it can read everything.',
      ),
  }).transform((values) => ({
    ...values,
    cipherSuites: values.cipherSuites ?? (values.authentication === 'certificate' ? CERTIFICATE_SUITES : PSK_SUITES),
  }));
}

/** The `agent.proxy` section: `osgate agent proxy`. */
export function agentProxy() {
  return section({
    host: host().default('127.0.0.1').describe('The address at which local clients reach the proxy.'),
    port: port().default(5060).describe('Its UDP port; 0 lets the system choose.'),
    carry: choice(['sip', 'datagrams'])
      .default('sip')
      .describe(
        'What it carries: SIP, whose Via and Route it adapts, or datagrams of any kind, such as CoAP, which it leaves as they are.',
      ),
    maximumClients: count()
      .default(100)
      .describe('Local clients at once, each with an association of its own; another one is not served.'),
    idleSeconds: integer(1, 86_400)
      .default(600)
      .describe('How long a client may be silent in both directions until its association is closed.'),
  });
}

function cipherSuite() {
  return text(
    'the IANA name of a cipher suite that osgate has, such as TLS_PSK_WITH_AES_128_GCM_SHA256',
    (name) => cipherSuiteByName(name) !== undefined,
  );
}
