import { BlockList, isIPv6 } from 'node:net';

import { formatHost, octetsOf, UdpTransport, type Peer, type Transport } from '../../../sip/index.ts';
import type { AgentConfig } from '../../config/index.ts';
import type { AgentKeyring } from '../agent-keyring.ts';
import { associationOptions } from '../association/association-options.ts';
import { GatewayAssociation } from '../association/gateway-association.ts';
import { LivenessCheck } from '../association/liveness-check.ts';
import type { ChannelEnd, SecureChannel } from '../association/secure-channel.ts';

export interface SipWayEvents {
  readonly onMessage: (datagram: Buffer, source: Peer) => void;
  /** There is a new association: the gateway knows none of ours by it yet. */
  readonly onNewWay: () => void;
  /** The gateway does not answer keepalives any more, or the association is over. */
  readonly onLost: () => void;
  readonly associated?: ((channel: SecureChannel, isAgain: boolean) => void) | undefined;
  readonly ended?: ((reason: ChannelEnd | 'unanswered') => void) | undefined;
  readonly associationFailed?: ((error: unknown, waitMilliseconds: number) => void) | undefined;
}

/** How SIP goes to the gateway and back, both ways. */
export interface SipWay {
  readonly transport: Transport;
  readonly gateway: Peer;
  /** What the URI in Contact says of the transport. */
  readonly uriParameters: string;
  readonly counters: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Over UDP: from the gateway's address alone, since a request from elsewhere has passed no gateway. */
export async function openUdpWay(config: AgentConfig, gateway: Peer, events: SipWayEvents): Promise<SipWay> {
  const counters = { fromElsewhere: 0, unanswered: 0 };
  const allowed = new BlockList();
  allowed.addAddress(gateway.address, family(gateway));
  const transport: UdpTransport = await UdpTransport.open(config.local, (datagram, source) => {
    if (!allowed.check(source.address, family(source))) {
      counters.fromElsewhere++;
      return;
    }
    if (!liveness.received(datagram)) events.onMessage(datagram, source);
  });
  const { keepAliveSeconds } = config.push;
  const liveness = new LivenessCheck(
    {
      way: 'ping',
      intervalMilliseconds: keepAliveSeconds * 1000,
      answerMilliseconds: config.dtls.answerSeconds * 1000,
    },
    {
      send: (datagram) => transport.send(datagram, gateway),
      isDead: () => {
        counters.unanswered++;
        events.ended?.('unanswered');
        events.onLost();
      },
    },
  );
  liveness.start();
  return {
    transport,
    gateway,
    uriParameters: '',
    get counters() {
      return counters;
    },
    close: async () => {
      liveness.stop();
      await transport.close();
    },
  };
}

/** Over DTLS. Resolves with the first association, and throws what {@link GatewayAssociation.open} throws. */
export async function openDtlsWay(
  config: AgentConfig,
  parts: { readonly gateway: Peer; readonly keyring: AgentKeyring | undefined },
  events: SipWayEvents,
): Promise<SipWay> {
  // The engine keeps transactions by the association, whatever address the next one goes to.
  const gateway: Peer = { ...parts.gateway, association: 1 };
  let local: Peer = { address: config.local.host, port: 5061 };
  const association = new GatewayAssociation({
    ...(await associationOptions({ config, ...parts, way: 'ping' })),
    onMessage: (datagram) => {
      events.onMessage(datagram, gateway);
    },
    onUp: (channel, isAgain) => {
      events.associated?.(channel, isAgain);
      // What Via and Contact say stays as it was: requests come by the association.
      if (isAgain) events.onNewWay();
      else local = channel.local ?? local;
    },
    onDown: (reason) => {
      events.ended?.(reason);
      events.onLost();
    },
    onFailure: (error, wait) => events.associationFailed?.(error, wait),
  });
  await association.open();
  const transport: Transport = {
    protocol: 'DTLS-UDP',
    reliable: false,
    local,
    sentBy: `${formatHost(local.address)}:${local.port}`,
    send: (message) => association.send(octetsOf(message)),
    isConnected: () => association.channel !== undefined,
    close: async () => association.close(),
  };
  return {
    transport,
    gateway,
    uriParameters: ';transport=dtls-udp',
    get counters() {
      return association.counters;
    },
    close: async () => association.close(),
  };
}

function family({ address }: Peer): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
