export type { Gpi, GpiBody, GpiCodec, GpiHeader, GpiProtection } from './gpi-codec.ts';
export { GpiCodecV1 } from './gpi-codec-v1.ts';
export { gpiProtectionKey } from './gpi-protection-key.ts';
export { gpiWriter } from './gpi-writer.ts';
