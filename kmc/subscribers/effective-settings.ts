import type { UserSecuritySettings } from './user-security-settings.ts';

/**
 * The settings that hold for a subscriber, with the defaults filled in: without a USS there is one for the unspecific
 * service (GSID 0), and a USS without uids has all of the subscriber's public identities.
 */
export function effectiveSettings(settings: UserSecuritySettings, impus: readonly string[]): UserSecuritySettings {
  const stored = settings.ussList.length > 0 ? settings.ussList : [{ gsid: 0, type: 0, uids: [], flags: [] }];
  return {
    bsfInfo: settings.bsfInfo,
    ussList: stored.map((uss) => (uss.uids.length > 0 ? uss : { ...uss, uids: [...impus] })),
  };
}
