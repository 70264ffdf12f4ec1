import { readFileSync } from 'node:fs';
import { decodeMixedSafetensors, type StoredData, type StoredTensor } from '../features/safetensors.ts';

/** The first blocks of Moonshine tiny's encoder (see moonshine.NOTICE); `make-moonshine.ts` made it. */
export const MOONSHINE_FILE = new URL('moonshine.safetensors', import.meta.url);

/**
 * The weights by name. `conv1` has its kernels as `weight` (288, 127), whole numbers of which `scale` [2] makes
 * value · scale[0] + scale[1]. Every other matrix, (in, out), is `packed`, with one `scale` per column and a `bias`: `conv2`
 * and `conv3` with `multiples` in 4 bits (`QuantisedBlocks`), `block1.qkv` and all that follow in 6 (`packSixBits` of
 * `QuantisedColumns`).
 */
export function loadMoonshine(): Map<string, StoredTensor<StoredData>> {
  return decodeMixedSafetensors(new Uint8Array(readFileSync(MOONSHINE_FILE)));
}
