import type { SipListener } from '../../lib/sec1/index.ts';
import { AuthenticatorChain } from '../../lib/identity/index.ts';
import type { Transport, TransportProtocol } from '../../sip/index.ts';

/** A transport that takes everything and sends nothing. */
export function silentTransport(protocol: TransportProtocol, address = '127.0.0.1'): Transport {
  return {
    protocol,
    reliable: protocol === 'TCP',
    local: { address, port: 5060 },
    sentBy: address.includes(':') ? `[${address}]:5060` : `${address}:5060`,
    send: () => true,
    isConnected: () => true,
    close: async () => undefined,
  };
}

/** A listener on such transports, which trusts nobody unless told so. */
export function fakeListener(
  name: string,
  first: Transport,
  others: readonly Transport[] = [],
  trusts: (address: string) => boolean = () => false,
): SipListener {
  return {
    name,
    fqdn: `${name}.example.com`,
    transport: first,
    transports: [first, ...others],
    authenticators: new AuthenticatorChain({ authenticators: [] }),
    counters: () => ({}),
    nonceFill: () => 0,
    trusts,
  };
}
