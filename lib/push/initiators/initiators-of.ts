import type { Initiator } from '../../../push/index.ts';
import type { PushInitiatorsConfig } from '../../config/push-initiators.ts';

/** The initiators of a configuration, with their rights and quotas. */
export function initiatorsOf({ initiators }: PushInitiatorsConfig): Initiator[] {
  return initiators.map((entry) => {
    const { name, recipients, applicationIds, messageClasses, notifyUrls, maximumContentOctets, maximumOpenPushes } =
      entry;
    const { burst, perSecond, priority } = entry;
    return {
      name,
      recipients,
      ...(applicationIds === undefined ? {} : { applicationIds }),
      ...(messageClasses === undefined ? {} : { messageClasses }),
      notifyUrls,
      maximumContentOctets,
      maximumOpenPushes,
      burst,
      perSecond,
      priority,
    };
  });
}
