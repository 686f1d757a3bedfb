import { randomInt } from 'node:crypto';

import { CHANNEL_AUTHENTICATOR_TYPES, type SipListenerConfig } from '../../config/index.ts';
import type { ChannelProofs } from '../../identity/index.ts';
import { ChannelServer, type ChannelUser } from '../../sec1/index.ts';
import { pskHint } from './channel-authenticators.ts';
import type { DtlsParts } from './dtls-parts.ts';
import { dtlsServerOptions } from './server-options.ts';

/**
 * Opens the DTLS server of a SIP listener. A client that proves nothing in the handshake is let in where something else than
 * handshakes may prove who it is: digest within a channel that proves the gateway.
 *
 * @throws OsgateError OSGATE_CONFIG_INVALID, DtlsError
 */
export function openSipChannel(
  { name, authenticators, unauthenticatedMethods }: SipListenerConfig,
  { config, secrets, worker, events, keyLog, handOver }: DtlsParts,
  parts: {
    readonly proofs: ChannelProofs;
    /** PEM: whose client certificates are taken. */
    readonly authorities: string | undefined;
    readonly user: ChannelUser;
  },
): ChannelServer {
  const others = authenticators.some(({ type }) => !CHANNEL_TYPES.has(type)) || unauthenticatedMethods.length > 0;
  return new ChannelServer({
    name,
    proofs: parts.proofs,
    user: parts.user,
    identityRequired: !others,
    psk: pskHint(authenticators),
    events,
    firstAssociation: randomInt(2 ** 32),
    handOver:
      handOver === undefined
        ? undefined
        : (to, datagram, peer) => {
            handOver(name, to, datagram, peer);
          },
    server: dtlsServerOptions(config, {
      listener: name,
      secrets,
      worker,
      authorities: parts.authorities,
      certificateOptional: others || authenticators.some(({ type }) => type !== 'certificate'),
      keyLog,
    }),
  });
}

const CHANNEL_TYPES: ReadonlySet<string> = new Set(CHANNEL_AUTHENTICATOR_TYPES);
