export { privateIdentity, publicIdentity } from './identities.ts';
export { mayNotify, mayPushTo, type Initiator } from './initiator.ts';
export * from './pap/index.ts';
export {
  PushDesk,
  SUBMISSION_REFUSALS,
  type PushDeskOptions,
  type Submission,
  type SubmissionOutcome,
  type SubmissionRefusal,
} from './push-desk.ts';
