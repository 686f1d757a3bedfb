export { PushFunction, type PushFunctionOptions } from './push-function.ts';
export type { GbaMode, GpiInput, GpiWriter, PushInfo, PushInfoRequest } from './push-info.ts';
