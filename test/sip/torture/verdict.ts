import { answerOutcome, requestOutcome, responseOutcome, type TortureOutcome } from '../../support/torture-proxy.ts';
import { isResponse, tortureMessage, type TortureCase } from './case.ts';
import { GROWN_CASES } from './grown-cases.ts';
import { RFC4475_CASES } from './rfc4475-cases.ts';
import { RFC5118_CASES } from './rfc5118-cases.ts';

export const TORTURE_CASES: readonly TortureCase[] = [...RFC4475_CASES, ...RFC5118_CASES, ...GROWN_CASES];

/** What the peers of the transaction engine and proxy core really see of a message. */
export interface TortureVerdict {
  readonly verdict: string;
  readonly outcome: TortureOutcome;
}

export function tortureVerdict(file: string): TortureVerdict {
  const message = tortureMessage(file);
  if (!isResponse(message)) {
    const outcome = requestOutcome(message);
    return { verdict: outcome.verdict, outcome };
  }
  const outcome = answerOutcome(message);
  return { verdict: `${responseOutcome(message).verdict}; as an answer ${outcome.verdict}`, outcome };
}
