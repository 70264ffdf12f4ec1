import { readFileSync } from 'node:fs';
import { decodeMixedSafetensors } from '../features/safetensors.ts';

/** YAMNet's layers 1 to 7 (see yamnet.NOTICE); `make-yamnet.ts` made it. */
export const YAMNET_FILE = new URL('yamnet.safetensors', import.meta.url);

/** One convolution with its batch normalisation folded in: row r of the weights is `values` · `scale[r]`. */
export interface YamnetConvolution {
  readonly values: Int8Array;
  /** [out, in / groups, height, width] */
  readonly shape: readonly number[];
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

/** The convolutions by name: `layer1.conv`, then `layer2.depthwise`, `layer2.pointwise` and so on to layer 7. */
export function loadYamnet(): Map<string, YamnetConvolution> {
  const tensors = decodeMixedSafetensors(new Uint8Array(readFileSync(YAMNET_FILE)));
  const names = [...tensors.keys()].filter((name) => name.endsWith('.weight'));
  return new Map(
    names.map((weight) => {
      const name = weight.slice(0, -'.weight'.length);
      const { data: values, shape } = tensors.get(weight)!;
      const scale = tensors.get(`${name}.scale`)!.data;
      const bias = tensors.get(`${name}.bias`)!.data;
      return [name, { values, shape, scale, bias } as YamnetConvolution];
    }),
  );
}
