/**
 * Makes `moonshine.safetensors` from the encoder of Moonshine tiny (the file that moonshine.NOTICE names):
 *
 *     node packages/training/src/pretrained/make-moonshine.ts ENCODER.onnx
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto } from 'onnx-buf';
import { encodeSafetensors, type StoredData, type StoredTensor } from '../features/safetensors.ts';
import { MOONSHINE_FILE } from './moonshine.ts';
import { packSixBits, quantiseBlocks, quantiseColumns } from './quantise.ts';

interface Matrix {
  /** (in, out) */
  readonly data: Float32Array;
  readonly columns: number;
  readonly bias: Float32Array;
}

const [encoder] = process.argv.slice(2);
if (encoder === undefined) {
  process.stderr.write('usage: make-moonshine.ts ENCODER.onnx\n');
  process.exit(2);
}

const { first, matrices } = readEncoder(readFileSync(encoder));
const tensors = new Map<string, StoredTensor<StoredData>>([
  ['conv1.weight', { data: first.values, shape: [first.values.length / 127, 127] }],
  ['conv1.scale', { data: Float32Array.of(first.scale, first.offset), shape: [2] }],
]);
for (const [name, { data, columns, bias }] of matrices) {
  const rows = data.length / columns;
  const put = (part: string, values: StoredData, shape = [values.length]) =>
    tensors.set(`${name}.${part}`, { data: values, shape });
  put('bias', bias);
  if (name.startsWith('conv')) {
    const { packed, multiples, scale } = quantiseBlocks(data, columns);
    put('packed', packed, [rows / 2, columns]);
    put('multiples', multiples, [multiples.length / columns, columns]);
    put('scale', scale);
  } else {
    const { values, scale } = quantiseColumns(data, columns);
    put('packed', packSixBits(values), [(3 * rows) / 4, columns]);
    put('scale', scale);
  }
}
writeFileSync(
  MOONSHINE_FILE,
  encodeSafetensors(tensors, { source: 'Moonshine tiny, encoder', licence: 'MIT, see moonshine.NOTICE' }),
);

/** The weights as floats, each normalisation's scale and shift folded into the product that follows it. */
function readEncoder(onnx: Uint8Array) {
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  const stored = new Map(graph!.initializer.map((tensor) => [tensor.name, tensor]));
  const numbers = (name: string) => toNumbers(stored.get(name)!);
  const matrices = new Map<string, Matrix>();

  const affine = (name: string) => {
    const [scale] = numbers(`${name}_scale`);
    const [offset] = numbers(`${name}_zero_point`);
    const values = numbers(`${name}_quantized`);
    return { values: Int8Array.from(values), scale, offset, floats: values.map((v) => v * scale + offset) };
  };
  // The group normalisation's scale and shift are the only initialisers named after the Mul and the Add that use them.
  const normaliser = (operator: string) =>
    numbers(graph!.node.find(({ name }) => name === `/groupnorm/${operator}`)!.input[1]);
  const gain = normaliser('Mul');
  const shift = normaliser('Add');

  for (const name of ['conv2', 'conv3']) {
    const [out, channels, size] = stored.get(`${name}.weight_quantized`)!.dims.map(Number);
    const { floats } = affine(`${name}.weight`);
    const isSecond = name === 'conv2';
    const data = new Float32Array(floats.length);
    const bias = Float32Array.from(numbers(`${name}.bias`));
    for (let o = 0; o < out; o += 1) {
      for (let c = 0; c < channels; c += 1) {
        for (let k = 0; k < size; k += 1) {
          const weight = floats[(o * channels + c) * size + k];
          data[(k * channels + c) * out + o] = weight * (isSecond ? gain[c] : 1);
          if (isSecond) bias[o] += weight * shift[c];
        }
      }
    }
    matrices.set(name, { data, columns: out, bias });
  }

  /** What a product of integers multiplies with: (in, out). */
  const matrix = (name: string) => {
    const [, weights] = graph!.node.find((node) => node.name === `${name}/MatMul_quant`)!.input;
    const base = weights.replace(/_quantized$/, '');
    const [scale] = numbers(`${base}_scale`);
    const [zero] = numbers(`${base}_zero_point`);
    return {
      columns: Number(stored.get(weights)!.dims[1]),
      data: numbers(weights).map((v) => (v - zero) * scale),
    };
  };
  const scaleRows = ({ data, columns }: { data: number[]; columns: number }, by: number[]) =>
    data.map((value, i) => value * by[Math.floor(i / columns)]);
  for (const block of [1, 2, 3]) {
    const layer = `layers.${block - 1}`;
    const parts = ['q', 'k', 'v'].map((part) => {
      const projection = matrix(`/${layer}/self_attn/${part}_proj`);
      const scaled = scaleRows(projection, numbers(`${layer}.input_layernorm.weight`));
      // The likeness of query and key is divided by the root of a head's width.
      return part === 'q' ? scaled.map((value) => value / Math.sqrt(36)) : scaled;
    });
    const width = 288;
    const qkv = Float32Array.from({ length: 3 * width * width }, (_, i) => {
      const column = i % (3 * width);
      return parts[Math.floor(column / width)][Math.floor(i / (3 * width)) * width + (column % width)];
    });
    matrices.set(`block${block}.qkv`, { data: qkv, columns: 3 * width, bias: new Float32Array(3 * width) });
    const dense = matrix(`/${layer}/self_attn/dense`);
    const put = (name: string, data: number[], columns: number, bias: number[]) =>
      matrices.set(`block${block}.${name}`, {
        data: Float32Array.from(data),
        columns,
        bias: Float32Array.from(bias),
      });
    put('dense', dense.data, dense.columns, Array<number>(width).fill(0));
    if (block === 3) continue;
    const fc1 = matrix(`/${layer}/mlp/fc1`);
    const fc2 = matrix(`/${layer}/mlp/fc2`);
    put(
      'fc1',
      scaleRows(fc1, numbers(`${layer}.post_attention_layernorm.weight`)),
      fc1.columns,
      numbers(`${layer}.mlp.fc1.bias`),
    );
    put('fc2', fc2.data, fc2.columns, numbers(`${layer}.mlp.fc2.bias`));
  }
  return { first: affine('conv1.weight'), matrices };
}

function toNumbers({ dataType, rawData, floatData, int32Data }: TensorProto): number[] {
  if (floatData.length > 0) return [...floatData];
  if (int32Data.length > 0) return [...int32Data];
  const { buffer } = new Uint8Array(rawData);
  return Array.from<number>(
    dataType === 1
      ? new Float32Array(buffer)
      : dataType === 2
        ? new Uint8Array(buffer)
        : new Int8Array(buffer),
  );
}
