import { isIP } from 'node:net';

import { count, integer, list, milliseconds, section, text } from './values.ts';

/** `gateway.dns`: how names of SIP servers become addresses (RFC 3263). */
export function dnsSection() {
  return section({
    servers: list(nameServer(), 'a list of name servers', 1)
      .optional()
      .describe('Name servers to ask, such as 192.0.2.53 or [2001:db8::53]:5353; by default those of the system.'),
    hostsFile: text('the name of a file')
      .default('/etc/hosts')
      .describe('A hosts file; addresses of its names are not asked for. /dev/null for none.'),
    timeoutMilliseconds: milliseconds().default(3000).describe('How long a request waits for a look-up.'),
    minimumTtlMilliseconds: milliseconds(0)
      .default(5000)
      .describe('How long an answer is kept at least, whatever its time to live.'),
    maximumTtlMilliseconds: milliseconds().default(3_600_000).describe('How long an answer is kept at most.'),
    assumedTtlMilliseconds: milliseconds()
      .default(60_000)
      .describe(
        'The time to live of SRV and NAPTR records, which Node.js does not tell, and of names from the hosts file.',
      ),
    negativeTtlMilliseconds: milliseconds()
      .default(5000)
      .describe('How long it is remembered that a name leads nowhere, or that no server answered.'),
    staleMilliseconds: milliseconds(0)
      .default(600_000)
      .describe('How long after its end an answer is still used while no server answers (RFC 8767).'),
    maximumNames: count().default(10_000).describe('Names kept; for a new one the one looked up longest ago goes.'),
    maximumPending: count().default(500).describe('Look-ups at once; a further one is refused.'),
    maximumDestinations: integer(1, 256)
      .default(16)
      .describe('Servers of one name, and addresses of one server, that are used; further ones are left out.'),
  });
}

function nameServer() {
  return text('the address of a name server', (value) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
    const portIsGood = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
    return isIP(value) !== 0 || (portIsGood && isIP(bracketed ?? plain ?? '') !== 0);
  });
}
