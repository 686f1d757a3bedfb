import { AssociationSecrets } from '../suites/association-secrets.ts';
import { cipherSuiteByCode } from '../suites/cipher-suite.ts';
import { keyBlockLength } from '../suites/secrets.ts';
import type { Association } from './association.ts';
import type { AssociationHost } from './association-host.ts';
import type { AssociationState } from './association-state.ts';
import { ClientAssociation } from './client-association.ts';
import type { Negotiated } from './negotiated.ts';
import { ServerAssociation } from './server-association.ts';
import type { ClientSettings, ServerSettings } from './settings.ts';

/**
 * Goes on with an association where exportState() left it, in another process perhaps.
 *
 * @param settings of a server or a client, as `state.role` says
 * @returns undefined when the state is of another version, or no state at all
 */
export function importAssociation(
  host: AssociationHost,
  settings: ServerSettings | ClientSettings,
  state: AssociationState,
  peer: unknown,
): Association | undefined {
  const suite = cipherSuiteByCode(state.cipherSuite);
  const [newest, recent, older] = state.replayWindow;
  if ((state.version as number) !== 1 || suite === undefined || state.keys.length !== keyBlockLength(suite))
    return undefined;
  if (newest === undefined || recent === undefined || older === undefined) return undefined;
  if (suite.legacy && !state.encryptThenMac) return undefined;
  const negotiated: Negotiated = {
    suite,
    secrets: AssociationSecrets.restore(state.secrets, state.keys),
    extendedMasterSecret: state.extendedMasterSecret,
    encryptThenMac: state.encryptThenMac,
    resumed: state.resumed,
    returnRoutability: state.returnRoutability,
    maximumSend: state.maximumSend,
    maximumReceive: state.maximumReceive,
    serverName: state.serverName,
    pskIdentity: state.pskIdentity?.toString('latin1'),
    pskData: state.pskData,
    peerCertificates: state.peerCertificates,
    sessionId: undefined,
    ticket: undefined,
    sessionExpiresAt: undefined,
  };
  const imported = { negotiated, state, window: [newest, recent, older] as const };
  return state.role === 'server'
    ? new ServerAssociation(host, settings as ServerSettings, peer, state.localCid, imported)
    : new ClientAssociation(host, settings as ClientSettings, peer, state.localCid, imported);
}
