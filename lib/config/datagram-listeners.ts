import { channelAuthenticators, CHANNEL_AUTHENTICATOR_TYPES } from './channel-authenticators.ts';
import { requirements } from './security-policy.ts';
import { choice, count, domainName, host, integer, list, oneOf, port, section, text, type FilePath } from './values.ts';

/** One entry of `gateway.sec1.datagram`: any enabler over UDP, behind DTLS. */
export function datagramListener(file: FilePath) {
  return section({
    name: text('a name').describe('The name of this listener, in logs and metrics.'),
    host: host().describe('The address to listen on.'),
    port: port().describe('The port to listen on, such as 5684 for CoAP; 0 lets the system choose.'),
    fqdn: domainName().describe('The FQDN of the gateway in the NAF_Id, as agents know it.'),
    authenticators: list(
      oneOf(CHANNEL_AUTHENTICATOR_TYPES, channelAuthenticators(file)),
      'a list of authenticators',
      1,
    ).describe('How a peer may prove who it is in the handshake.'),
    requires: requirements()
      .optional()
      .describe(
        'What an agent’s user security settings must have to be let in here, at least one; by default nothing.',
      ),
    target: section({
      host: host().describe('The address or name of the server behind the gateway; a name is looked up at the start.'),
      port: integer(1, 65_535).describe('Its UDP port.'),
    }).describe('Where datagrams go.'),
    proxyProtocol: choice(['none', 'first', 'every'])
      .default('none')
      .describe(
        'Whether the target is told who sends, by a PROXY protocol v2 header in front of the datagram: of the `first` one of each flow, of `every` one, or of `none`.',
      ),
    maximumFlows: count().default(10_000).describe('Flows at once: each has a socket of its own towards the target.'),
    flowIdleSeconds: integer(1, 86_400)
      .default(300)
      .describe('How long a flow may carry nothing before its socket is closed; the association goes on.'),
    maximumDatagramBytes: integer(64, 16_384)
      .default(16_384)
      .describe('The largest datagram in either direction, in octets; larger ones are dropped.'),
  });
}
