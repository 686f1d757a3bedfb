export { type PushApplication, PushReceiver, type PushReceiverOptions, type Reception } from './push-receiver.ts';
