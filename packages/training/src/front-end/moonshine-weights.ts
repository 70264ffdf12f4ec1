import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import type { StoredData, StoredTensor } from '../features/safetensors.ts';
import { loadMoonshine, MOONSHINE_ZERO } from '../pretrained/moonshine.ts';
import { BLOCK_ROWS } from '../pretrained/quantise.ts';
import { layOut, matMul } from './kernels.ts';

const { add, cast, concat, div, mul, operator, sub } = operations;

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
  const tensor = (name: string) => {
    const { data, shape } = tensors.get(name)!;
    return constant(data, shape, `moonshine.${name}`);
  };
  const layers = new Map<string, { weight: Tensor; bias: Tensor }>();
  for (const biasName of tensors.keys()) {
    const name = biasName.replace(/\.bias$/, '');
    if (name === biasName) continue;
    const levels = tensors.has(`${name}.packed`)
      ? unpack(tensor(`${name}.packed`), tensor(`${name}.multiples`))
      : sub(cast(tensor(`${name}.weight`)), scalar(MOONSHINE_ZERO));
    layers.set(name, { weight: mul(levels, tensor(`${name}.scale`)), bias: tensor(biasName) });
  }
  const [scale, offset] = tensors.get('conv1.scale')!.data;
  return {
    first: add(mul(cast(tensor('conv1.weight')), scalar(scale)), scalar(offset)),
    second: layers.get('conv2')!.weight,
    secondBias: layers.get('conv2')!.bias,
    product: (x, name) => {
      const { weight, bias } = layers.get(name)!;
      return add(matMul(x, weight), bias);
    },
  };
}

/** `QuantisedBlocks` as whole numbers (rows, columns). */
function unpack(packed: Tensor, multiples: Tensor): Tensor {
  const [, columns] = packed.shape as number[];
  const bytes = cast(packed);
  const [higher] = operator('Floor', [div(bytes, scalar(16))], [packed.shape]);
  const lower = sub(bytes, mul(higher, scalar(16)));
  const levels = layOut(sub(concat([lower, higher], 0), scalar(8)), [-1, BLOCK_ROWS, columns]);
  return layOut(mul(levels, layOut(cast(multiples), [-1, 1, columns])), [-1, columns]);
}
