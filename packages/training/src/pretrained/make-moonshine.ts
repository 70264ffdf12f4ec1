/**
 * Makes `moonshine.safetensors` from the encoder of Moonshine tiny (the file that moonshine.NOTICE names) and some speech, whose
 * numbers say in which range the integers of each product tell their input apart:
 *
 *     node packages/training/src/pretrained/make-moonshine.ts ENCODER.onnx FOLDER_OF_RECORDINGS
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { constant, float32, input, operations, Session, writeGraph, type Tensor } from '@mars/autograd';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, resample } from '@mars/core';
import { ModelProtoSchema, type TensorProto } from 'onnx-buf';
import { encodeSafetensors, type StoredData, type StoredTensor } from '../features/safetensors.ts';
import { matMul } from '../front-end/kernels.ts';
import { moonshineSettings } from '../front-end/moonshine-settings.ts';
import { moonshineFrontEnd } from '../front-end/moonshine.ts';
import { MOONSHINE_FILE, MOONSHINE_ZERO } from './moonshine.ts';
import { quantiseBlocks, quantiseColumns } from './quantise.ts';

/**
 * Which share of a channel's size its step takes over (Xiao et al. 2023, "SmoothQuant"): with 1 every channel is told apart
 * equally finely and its weights are as unequal as it was, with 0 the other way round.
 */
const SMOOTHING = 0.25;

/** What stands for 0 where hardly anything lies below it: after GELU. */
const ACTIVATED_ZERO = 32;

/** Recordings that the ranges are taken from, and the speeds that they are played at. */
const RECORDINGS = 200;
const SPEEDS = [1, 1.25];

interface Matrix {
  /** (in, out) */
  readonly data: Float32Array;
  readonly columns: number;
  readonly bias: Float32Array;
}

const [encoder, folder] = process.argv.slice(2);
if (encoder === undefined || folder === undefined) {
  process.stderr.write('usage: make-moonshine.ts ENCODER.onnx FOLDER_OF_RECORDINGS\n');
  process.exit(2);
}

const { first, matrices } = readEncoder(readFileSync(encoder));
const magnitudes = await findMagnitudes(await someRecordings(folder));
const tensors = new Map<string, StoredTensor<StoredData>>([
  ['conv1.weight', { data: first.values, shape: [first.values.length / 127, 127] }],
  ['conv1.scale', { data: Float32Array.of(first.scale, first.offset), shape: [2] }],
]);
for (const [name, matrix] of matrices) {
  const { columns, bias } = matrix;
  const rows = matrix.data.length / columns;
  const put = (part: string, values: StoredData, shape = [values.length]) =>
    tensors.set(`${name}.${part}`, { data: values, shape });
  const zero = isActivated(name) ? ACTIVATED_ZERO : 128;
  const steps = stepsOf(magnitudes.get(name)!, 255 - zero);
  // The integers go into the product as they are, so the rows of the matrix take over what one of them is worth.
  const data = matrix.data.map((value, i) => value * steps[Math.floor(i / columns) % steps.length]);
  put('steps', steps);
  put('zero', Uint8Array.of(zero));
  put('bias', bias);
  if (name.startsWith('conv')) {
    const { packed, multiples, scale } = quantiseBlocks(data, columns);
    put('packed', packed, [rows / 2, columns]);
    put('multiples', multiples, [multiples.length / columns, columns]);
    put('scale', scale);
  } else {
    const { values, scale } = quantiseColumns(data, columns, MOONSHINE_ZERO);
    put('weight', values, [rows, columns]);
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

const RECORDING = /\.(wav|flac|opus|ogg|mp3)$/;

async function someRecordings(folder: string): Promise<Float32Array[]> {
  const files = readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((file) =>
    RECORDING.test(file),
  );
  const random = createRandom('moonshine');
  const drawn = random.shuffle(files.toSorted()).slice(0, RECORDINGS);
  return Promise.all(
    drawn.map(async (file) => {
      const { samples, sampleRate } = await decodeAudio(readFileSync(join(folder, file)));
      return resample(samples, sampleRate, 16_000);
    }),
  );
}

function isActivated(name: string): boolean {
  return name === 'conv3' || name.endsWith('.fc2');
}

/** What one whole number of each channel is worth, so that the largest channel reaches `levels`. */
function stepsOf(magnitude: Float32Array, levels: number): Float32Array {
  const own = magnitude.map((value) => Math.max(value, 1e-6) ** SMOOTHING);
  const largest = magnitude.reduce((most, value, i) => Math.max(most, value / own[i]), 0);
  return own.map((value) => (value * largest) / levels);
}

/**
 * How large the numbers of each channel get that go into each product of the network as floats: the greatest magnitude of
 * each recording, on average. The few that are larger are cut.
 */
async function findMagnitudes(recordings: readonly Float32Array[]): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const speed of SPEEDS) {
    const largest: Record<string, Tensor> = {};
    const product = (x: Tensor, name: string, arrange = (rows: Tensor) => rows) => {
      const [magnitude] = operations.operator('Abs', [x], [x.shape]);
      [largest[name]] = operations.operator('ReduceMax', [magnitude], [[x.shape[2]]], {
        axes: [0, 1],
        keepdims: 0,
      });
      const { data, columns, bias } = matrices.get(name)!;
      const weight = constant(data, [data.length / columns, columns]);
      return operations.add(matMul(arrange(x), weight), constant(bias, [columns]));
    };
    const kernels = constant(Float32Array.from(first.floats), [first.floats.length / 127, 127]);
    const vector = moonshineFrontEnd(
      input('waveform', ['batch', 'samples']),
      moonshineSettings.parse({ kind: 'moonshine' }),
      { speed, weights: { first: kernels, product } },
    );
    const session = await Session.create(writeGraph({ vector, ...largest }), { threads: 2 });
    for (const samples of recordings) {
      const results = await session.run({ waveform: float32(samples, [1, samples.length]) });
      for (const name of matrices.keys()) {
        const values = results[name].data as Float32Array;
        const sums = found.get(name) ?? new Float32Array(values.length);
        found.set(
          name,
          sums.map((sum, i) => sum + values[i] / recordings.length / SPEEDS.length),
        );
      }
    }
    await session.dispose();
  }
  return found;
}
