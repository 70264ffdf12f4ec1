import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import type { StoredData, StoredTensor } from '../features/safetensors.ts';
import { loadMoonshine } from '../pretrained/moonshine.ts';
import { matMul } from './kernels.ts';
import { timesSixBits, unpackBlocks } from './packed.ts';

const { add, cast, mul } = operations;

/** What Moonshine's layers multiply with. */
export interface MoonshineWeights {
  /** The first convolution's kernels, (288, 127). */
  readonly first: Tensor;
  /** The second convolution's kernels, (7 · 288, 576): tap after tap. */
  readonly second: Tensor;
  readonly secondBias: Tensor;
  /** x (batch, rows, in) times the matrix of that name, plus its bias: (batch, rows, out). */
  readonly product: (x: Tensor, name: string) => Tensor;
}

let stored: MoonshineWeights | undefined;

/** As they are stored, in 4 to 8 bits each; ONNX Runtime makes floats of them once, when it loads the file. */
export function storedWeights(): MoonshineWeights {
  stored ??= decode(loadMoonshine());
  return stored;
}

function decode(tensors: ReadonlyMap<string, StoredTensor<StoredData>>): MoonshineWeights {
  // One constant each, however many speeds ask for it: so it stands in a model file once.
  const constants = new Map(
    [...tensors].map(([name, { data, shape }]) => [name, constant(data, shape, `moonshine.${name}`)]),
  );
  const tensor = (name: string) => constants.get(name)!;
  const blocks = (name: string) =>
    unpackBlocks(tensor(`${name}.packed`), tensor(`${name}.multiples`), tensor(`${name}.scale`));
  const third = blocks('conv3');
  const [scale, offset] = tensors.get('conv1.scale')!.data;
  return {
    first: add(mul(cast(tensor('conv1.weight')), scalar(scale)), scalar(offset)),
    second: blocks('conv2'),
    secondBias: tensor('conv2.bias'),
    product: (x, name) => {
      const product =
        name === 'conv3'
          ? matMul(x, third)
          : timesSixBits(x, tensor(`${name}.packed`), tensor(`${name}.scale`));
      return add(product, tensor(`${name}.bias`));
    },
  };
}
