import type { Peer } from '../../../sip/index.ts';
import type { AssociationPeer } from '../dtls/index.ts';
import type { ProxyHeader } from './proxy-protocol.ts';

/** What the target is told of an association. */
export function proxyHeaderOf(
  { address, port, association, dtls, identity }: AssociationPeer,
  { name, local }: { readonly name: string; readonly local: Peer },
): ProxyHeader {
  const cipher = dtls.getCipher();
  const { peerCertificate } = dtls;
  return {
    source: { address, port },
    destination: local,
    authority: dtls.serverName,
    uniqueId: `${name}:${association.toString(16).padStart(8, '0')}`,
    channel: {
      version: cipher.version,
      cipher: cipher.name,
      commonName:
        (peerCertificate === undefined ? undefined : commonName(peerCertificate.subject)) ??
        identity?.impus[0] ??
        identity?.impi ??
        identity?.subject,
      certificate: peerCertificate !== undefined,
    },
    ...(identity === undefined
      ? {}
      : { identity: { scheme: identity.scheme, impi: identity.impi, impus: identity.impus } }),
  };
}

/** node:crypto writes a subject as one `type=value` a line. */
function commonName(subject: string): string | undefined {
  return subject
    .split('\n')
    .find((line) => line.startsWith('CN='))
    ?.slice(3);
}
