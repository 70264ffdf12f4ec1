import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import type { StoredData, StoredTensor } from '../features/safetensors.ts';
import { loadMoonshine, MOONSHINE_ZERO } from '../pretrained/moonshine.ts';
import { BLOCK_ROWS } from '../pretrained/quantise.ts';
import { layOut } from './kernels.ts';

const { add, cast, concat, div, mul, operator, sub } = operations;

/** What Moonshine's layers multiply with. */
export interface MoonshineWeights {
  /** The first convolution's kernels, (288, 127). */
  readonly first: Tensor;
  /**
   * x (batch, rows, in) times the matrix of that name, plus its bias: (batch, rows, out). `arrange` makes the rows out of
   * x, as for a convolution; that is done on the 8-bit integers, which are quickly copied.
   */
  readonly product: (x: Tensor, name: string, arrange?: (x: Tensor) => Tensor) => Tensor;
}

let stored: MoonshineWeights | undefined;

/** As they are stored, 4 to 8 bits each: products of 8-bit integers, whose sums are exact whatever the machine. */
export function storedWeights(): MoonshineWeights {
  stored ??= quantised(loadMoonshine());
  return stored;
}

function quantised(tensors: ReadonlyMap<string, StoredTensor<StoredData>>): MoonshineWeights {
  const tensor = (name: string) => {
    const { data, shape } = tensors.get(name)!;
    return constant(data, shape, `moonshine.${name}`);
  };
  const matrices = new Map<string, Matrix>();
  for (const stepsName of tensors.keys()) {
    const name = stepsName.replace(/\.steps$/, '');
    if (name === stepsName) continue;
    const isPacked = tensors.has(`${name}.packed`);
    const [inputZero] = tensors.get(`${name}.zero`)!.data;
    const { data: steps } = tensors.get(stepsName)!;
    matrices.set(name, {
      weight: isPacked
        ? unpack(tensor(`${name}.packed`), tensor(`${name}.multiples`))
        : tensor(`${name}.weight`),
      zero: constant(Uint8Array.of(isPacked ? PACKED_ZERO : MOONSHINE_ZERO), []),
      perUnit: constant(
        Float32Array.from(steps, (step) => 1 / step),
        [steps.length],
        `moonshine.${stepsName}`,
      ),
      inputZero: constant(Uint8Array.of(inputZero), []),
      scale: tensor(`${name}.scale`),
      bias: tensor(`${name}.bias`),
    });
  }
  const [firstScale, firstOffset] = tensors.get('conv1.scale')!.data;
  return {
    first: add(mul(cast(tensor('conv1.weight')), scalar(firstScale)), scalar(firstOffset)),
    product: (x, name, arrange = (rows) => rows) => {
      const { weight, zero, perUnit, inputZero, scale, bias } = matrices.get(name)!;
      const [integers] = operator('QuantizeLinear', [mul(x, perUnit), scalar(1), inputZero], [x.shape]);
      const rows = arrange(integers);
      const shape = [...rows.shape.slice(0, -1), weight.shape[1]];
      const [sums] = operator('MatMulInteger', [rows, weight, inputZero, zero], [shape]);
      return add(mul(cast(sums), scale), bias);
    },
  };
}

interface Matrix {
  /** (in, out), 8-bit integers */
  readonly weight: Tensor;
  readonly zero: Tensor;
  /** Of the input: how many whole numbers 1 of each channel is, and which one stands for 0. */
  readonly perUnit: Tensor;
  readonly inputZero: Tensor;
  readonly scale: Tensor;
  readonly bias: Tensor;
}

const PACKED_ZERO = 128;

/** `QuantisedBlocks` as 8-bit integers (rows, columns) around 128: ONNX Runtime makes them once, when it loads the file. */
function unpack(packed: Tensor, multiples: Tensor): Tensor {
  const [, columns] = packed.shape as number[];
  const bytes = cast(packed);
  const [higher] = operator('Floor', [div(bytes, scalar(16))], [packed.shape]);
  const lower = sub(bytes, mul(higher, scalar(16)));
  const levels = sub(concat([lower, higher], 0), scalar(8));
  const steps = layOut(cast(multiples), [-1, 1, columns]);
  const values = add(mul(layOut(levels, [-1, BLOCK_ROWS, columns]), steps), scalar(PACKED_ZERO));
  const [integers] = operator('Cast', [values], [values.shape], { to: 2 });
  return layOut(integers, [-1, columns]);
}
