import type { GpiWriter } from '../../kmc/index.ts';
import type { GpiCodec } from './gpi-codec.ts';
import { gpiProtectionKey } from './gpi-protection-key.ts';

/** What a key centre needs of a codec: GPI under the keys of its own AKA run. Its `write` throws as the codec does. */
export function gpiWriter(codec: GpiCodec): GpiWriter {
  return {
    write: ({ ks, impi, ...gpi }) =>
      codec.encode(gpi, { key: gpiProtectionKey({ ks, rand: gpi.rand, impi, nafId: gpi.nafId }) }),
  };
}
