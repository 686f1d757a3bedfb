import type { PushUicc } from '../../../push/index.ts';
import type { Uicc } from '../uicc.ts';

/** The agent's card as receivers of GPI want it: a USIM, which has the empty label. RES is for Ub, and stays here. */
export function pushUicc(uicc: Uicc): PushUicc {
  return {
    hasApplication: (label) => label.length === 0,
    authenticate: async (rand, autn) => {
      const answer = await uicc.authenticate(rand, autn);
      switch (answer.outcome) {
        case 'authenticated':
          return { outcome: 'authenticated', ck: answer.ck, ik: answer.ik };
        case 'synchronisation-failure':
          return { outcome: 'synchronisation-failure', auts: answer.auts };
        case 'mac-failure':
          return { outcome: 'mac-failure' };
      }
    },
  };
}
