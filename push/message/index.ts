export {
  formatPushContent,
  formatPushReceipt,
  parsePushContent,
  parsePushReceipt,
  type PushContent,
  type PushReceipt,
} from './push-content.ts';
export {
  PUSH_MESSAGE_CLASSES,
  PUSH_PRIORITIES,
  recipientKey,
  type PushMessage,
  type PushMessageClass,
  type PushPriority,
  type PushState,
  type PushStatus,
  type Recipient,
} from './push-message.ts';
export {
  formatPushPackage,
  parsePushPackage,
  PUSH_PACKAGE_CONTENT_TYPE,
  type PackedResynchronisation,
  type PushPackage,
} from './push-package.ts';
