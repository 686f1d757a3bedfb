import type { Association } from './association.ts';
import type { AssociationState } from './association-state.ts';
import type { Negotiated } from './negotiated.ts';

/** The state of an established association. @param numbers where its records stand */
export function exportedState(
  { role, localCid, peerCid, expiresAt, pskIdentity }: Association,
  negotiated: Negotiated,
  numbers: Pick<AssociationState, 'writeSequence' | 'replayWindow' | 'usage'>,
): AssociationState {
  const { pskData, serverName, peerCertificates } = negotiated;
  return {
    version: 1,
    role,
    cipherSuite: negotiated.suite.code,
    keys: negotiated.secrets.keys,
    secrets: negotiated.secrets.parts,
    encryptThenMac: negotiated.encryptThenMac,
    extendedMasterSecret: negotiated.extendedMasterSecret,
    resumed: negotiated.resumed,
    localCid,
    peerCid,
    returnRoutability: negotiated.returnRoutability,
    ...numbers,
    maximumSend: negotiated.maximumSend,
    maximumReceive: negotiated.maximumReceive,
    ...(pskIdentity !== undefined && { pskIdentity }),
    ...(pskData !== undefined && { pskData }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(serverName !== undefined && { serverName }),
    ...(peerCertificates !== undefined && { peerCertificates }),
  };
}
