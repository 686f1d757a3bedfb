import { PAP_CODES, type PapCode, type PushStatus, type SubmissionRefusal } from '../../../push/index.ts';

/** How PAP says why a push was not accepted. */
export function papCodeOfRefusal(reason: SubmissionRefusal): PapCode {
  switch (reason) {
    case 'recipient-forbidden':
    case 'application-forbidden':
    case 'message-class-forbidden':
    case 'notify-url-forbidden':
    case 'priority-forbidden':
      return PAP_CODES.forbidden;
    case 'content-too-large':
    case 'content-type-invalid':
    case 'application-id-invalid':
    case 'id-invalid':
    case 'deliver-before-past':
    case 'deliver-before-far':
      return PAP_CODES.badRequest;
    case 'duplicate':
      return PAP_CODES.duplicatePushId;
    case 'replaced-unknown':
      return PAP_CODES.pushIdNotFound;
    case 'replaced-too-late':
      return PAP_CODES.cancellationNotPossible;
    case 'rate-limited':
    case 'queue-full':
    case 'subscriber-full':
    case 'initiator-full':
      return PAP_CODES.serviceUnavailable;
  }
}

/** How PAP says what became of a push. */
export function papCodeOfEnd({ state, reason }: Pick<PushStatus, 'state' | 'reason'>): PapCode {
  switch (state) {
    case 'accepted':
    case 'delivering':
    case 'delivered':
    case 'cancelled':
    case 'replaced':
      return PAP_CODES.ok;
    case 'expired':
      return PAP_CODES.serviceUnavailable;
    case 'undeliverable':
      if (reason === 'subscriber-unknown') return PAP_CODES.addressNotFound;
      return reason === 'push-not-authorised' ? PAP_CODES.forbidden : PAP_CODES.serviceFailure;
  }
}
