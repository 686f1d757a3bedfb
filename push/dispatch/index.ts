export { SYSTEM_CLOCK, type Clock } from './clock.ts';
export type { CourierOutcome } from './courier.ts';
export { retryDelay, type DispatchSettings } from './dispatch-settings.ts';
export { PushDispatcher, type PushDispatcherOptions } from './push-dispatcher.ts';
