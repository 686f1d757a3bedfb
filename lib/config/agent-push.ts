import { count, domainName, type FilePath, flag, host, integer, list, port, section, text } from './values.ts';

/** The `agent.push` section: `osgate agent listen`. */
export function agentPush(file: FilePath) {
  return section({
    gateways: list(domainName(), 'a list of domain names', 1)
      .optional()
      .describe('FQDNs of the gateways that pushes are taken from; by default `gatewayFqdn` alone.'),
    // A name of its own for every subscriber: the keys of one must not come to another.
    store: file
      .prefault('push-agent.sqlite')
      .describe(
        'SQLite file with the NAF SAs and with the ids of the pushes that came, for its owner alone. It holds keys.',
      ),
    maximumAssociations: count()
      .default(1000)
      .describe('NAF SAs that live at once; while there are as many, a new GPI is not taken.'),
    maximumRemembered: count()
      .default(100_000)
      .describe('Pushes that are remembered until they cannot come again; while there are as many, new ones fail.'),
    sip: flag().default(true).describe('Registers through the gateway, and takes pushes that come by SIP MESSAGE.'),
    registrar: text('a SIP URI such as sip:example.net', (value) => /^sips?:[^\s@<>;?]+$/.test(value))
      .optional()
      .describe('The Request-URI of REGISTER; by default the domain of `publicIdentity`.'),
    registerSeconds: integer(60, 604_800)
      .default(600)
      .describe(
        'How long a registration is to last. It is made anew in time. Over UDP a gateway that was started anew, so fast that no keepalive was missed, has no way to the agent until then.',
      ),
    keepAliveSeconds: integer(0, 86_400)
      .default(25)
      .describe(
        'How often CRLFCRLF goes to the gateway over UDP, so that NATs remember the way back; 0 is never. Over DTLS it is `dtls.keepAliveSeconds`.',
      ),
    udp: section({
      host: host().default('127.0.0.1').describe('The address to listen on.'),
      port: port().describe('The UDP port to listen on; 0 lets the system choose.'),
    })
      .optional()
      .describe('Takes pushes that come as bare datagrams.'),
    repliesRemembered: count()
      .default(1000)
      .describe('Replies that are kept for copies of what they answered; the oldest one goes for a new one.'),
    replySeconds: integer(1, 86_400).default(120).describe('How long a reply is kept for copies.'),
    command: list(text('a text'), 'a program and its arguments', 1)
      .optional()
      .describe(
        'The program, with its arguments, that gets the content of each push on standard input. Exit status 0: it has it; 75: try again; others: refused.',
      ),
    commandSeconds: integer(1, 86_400)
      .default(20)
      .describe('How long the program may take; then it is ended, and the push tried again.'),
    concurrency: integer(1, 1000).default(4).describe('Programs at once.'),
    maximumWaiting: count(0)
      .default(100)
      .describe('Pushes that wait for their turn; while there are as many, a new one is to be tried again.'),
  });
}
