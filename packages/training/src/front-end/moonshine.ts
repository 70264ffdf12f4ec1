import {
  constant,
  evaluation,
  indices,
  interpolation,
  operations,
  scalar,
  type Tensor,
} from '@mars/autograd';
import { MarsError } from '@mars/core';
import { along, int64, layOut, matMul, sizeAlong, upTo } from './kernels.ts';
import { loudSteps, normalisePeak, type LoudSteps } from './level.ts';
import { storedWeights, type MoonshineWeights } from './moonshine-weights.ts';
import { MOONSHINE_CHANNELS, type MoonshineSettings } from './moonshine-settings.ts';

const { add, cast, concat, div, mul, operator, split, sqrt, square, sub, sum, tanh } = operations;

// Moonshine tiny (Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands",
// https://arxiv.org/abs/2410.15608): three convolutions and six blocks, of which two and the attention of a third are here.
const HEADS = 8;
const HEAD_WIDTH = MOONSHINE_CHANNELS / HEADS;
const FIRST_KERNEL = 127;
/** Samples from one frame of the first convolution to the next, at speed 1. */
const FIRST_STRIDE = 64;
const SECOND = { size: 7, stride: 3 };
const THIRD = { size: 3, stride: 2 };
/** Frames of the first convolution that one step hears, and from one step to the next. */
const FRAMES_HEARD = SECOND.size + (THIRD.size - 1) * SECOND.stride;
const FRAMES_PER_STEP = SECOND.stride * THIRD.stride;
const EPSILON = 1e-5;

/**
 * One vector per waveform, played `speed` times as fast: level → the first blocks of Moonshine's encoder, which sees only
 * the steps that are not silent → mean and standard deviation over these. All of it is ordinary ONNX operators, so that it
 * can stand in a model file.
 *
 * Nothing is resampled: the kernels of the first convolution are stretched instead.
 *
 * @param waveform (batch, samples), mono at 16 kHz, of any length and level
 * @returns (batch, 1, MOONSHINE_WIDTH)
 * @throws MarsError CONFIG_INVALID for a speed that is no multiple of 1 / 64 from 0.5 to 2.
 * @example
 * const vector = moonshineFrontEnd(input('waveform', ['batch', 'samples']), settings, { speed: 1.25 });
 */
export function moonshineFrontEnd(
  waveform: Tensor,
  { topDb }: MoonshineSettings,
  { speed = 1 }: { speed?: number } = {},
): Tensor {
  const weights = storedWeights();
  const signal = normalisePeak(waveform);
  const { frames, power } = firstFrames(signal, weights.first, speed);
  const loud = loudSteps(power, topDb);
  const steps = convolve(normaliseFrames(frames, loud), weights);
  const parts = encode(steps, loud, weights);
  return concat(
    parts.flatMap((part) => pool(part, loud)),
    2,
  );
}

/**
 * What the first convolution gives, and the power of what each step hears: (batch, 288, frames) and (batch, 1, steps). The
 * last frame begins in the last hop; zeros after the end make up what is missing of it, and of one whole step.
 */
function firstFrames(signal: Tensor, kernel: Tensor, speed: number): { frames: Tensor; power: Tensor } {
  const hop = hopLength(speed);
  const { kernels, taps, reach } = stretch(kernel, speed);
  const samples = sizeAlong(1, signal);
  const started = div(add(samples, indices([hop - 1])), indices([hop]));
  const [count] = operator('Max', [started, indices([FRAMES_HEARD])], [[1]]);

  const lastFrame = mul(sub(count, indices([1])), indices([hop]));
  const after = sub(add(lastFrame, indices([taps - reach])), samples);
  const [padded] = operator(
    'Pad',
    [signal, concat([indices([0, reach, 0]), after], 0)],
    [['batch', 'padded']],
  );
  const [frames] = operator(
    'Conv',
    [layOut(padded, [0, 1, -1]), kernels],
    [['batch', MOONSHINE_CHANNELS, 'frames']],
    {
      kernel_shape: [taps],
      strides: [hop],
    },
  );

  const widths = concat([indices([0, 0, 0]), sub(mul(count, indices([hop])), samples)], 0);
  const [whole] = operator('Pad', [signal, widths], [['batch', 'whole']]);
  const [energy] = operator('ReduceSumSquare', [layOut(whole, [0, 1, -1, hop])], [['batch', 1, 'frames']], {
    axes: [3],
    keepdims: 0,
  });
  const [power] = operator('AveragePool', [energy], [['batch', 1, 'steps']], {
    kernel_shape: [FRAMES_HEARD],
    strides: [FRAMES_PER_STEP],
  });
  return { frames: tanh(frames), power };
}

function hopLength(speed: number): number {
  const hop = FIRST_STRIDE * speed;
  if (speed >= 0.5 && speed <= 2 && Number.isInteger(hop)) return hop;
  throw new MarsError(
    'CONFIG_INVALID',
    `The speed is ${speed}; a multiple of 1 / ${FIRST_STRIDE} from 0.5 to 2 was expected, such as 1 or 1.25.`,
  );
}

/** Zero crossings of the resampling kernel on each side. */
const CROSSINGS = 8;

/**
 * The kernels that hear in the recording what `kernel` (288, 127) would hear in the faster one: each of its taps lies on
 * the faster recording's sample, which is a windowed sinc of the given one's.
 *
 * @returns (288, 1, taps), of which the first tap lies `reach` samples before the frame
 */
function stretch(kernel: Tensor, speed: number): { kernels: Tensor; taps: number; reach: number } {
  if (speed === 1) return { kernels: layOut(kernel, [0, 1, -1]), taps: FIRST_KERNEL, reach: 0 };
  const width = Math.max(1, speed);
  const reach = Math.ceil(CROSSINGS * width);
  const taps = Math.ceil((FIRST_KERNEL - 1) * speed) + 1 + 2 * reach;
  const places = mul(cast(along(0, upTo(FIRST_KERNEL))), scalar(speed / width));
  const samples = mul(
    cast(
      along(
        1,
        upTo(taps).map((tap) => tap - reach),
      ),
    ),
    scalar(1 / width),
  );
  const distance = sub(places, samples);
  const shape = [FIRST_KERNEL, taps];
  const wave = (name: 'Sin' | 'Cos', perUnit: number) =>
    operator(name, [mul(distance, scalar(Math.PI * perUnit))], [shape])[0];
  const isNone = cast(operator('Equal', [distance, scalar(0)], [shape])[0]);
  const sinc = add(div(wave('Sin', 1), add(mul(distance, scalar(Math.PI)), isNone)), isNone);
  const hann = add(scalar(0.5), mul(scalar(0.5), wave('Cos', 1 / CROSSINGS)));
  const [isWithin] = operator('Less', [square(distance), scalar(CROSSINGS ** 2)], [shape]);
  const resampling = mul(mul(sinc, hann), mul(cast(isWithin), scalar(1 / width)));
  return { kernels: layOut(matMul(kernel, resampling), [0, 1, -1]), taps, reach };
}

/** All numbers of a recording at once with mean 0 and deviation 1, over the frames at the middle of loud steps. */
function normaliseFrames(frames: Tensor, { mask }: LoudSteps): Tensor {
  const repeated = mul(
    layOut(mask, [0, -1, 1]),
    constant(new Float32Array(FRAMES_PER_STEP).fill(1), [1, 1, FRAMES_PER_STEP]),
  );
  const middle = layOut(repeated, [0, 1, -1]);
  const before = Math.floor((FRAMES_HEARD - FRAMES_PER_STEP) / 2);
  const after = sub(sub(sizeAlong(2, frames), sizeAlong(2, middle)), indices([before]));
  const widths = concat([indices([0, 0, before, 0, 0]), after], 0);
  const [counted] = operator('Pad', [middle, widths], [['batch', 1, 'frames']]);
  const column = layOut(counted, [0, -1, 1]); // (batch, frames, 1)
  const numbers = mul(sum(counted, [1, 2], true), scalar(MOONSHINE_CHANNELS));
  const average = (x: Tensor) => div(sum(matMul(x, column), [1], true), numbers); // (batch, 1, 1)
  const centred = sub(frames, average(frames));
  return div(centred, sqrt(add(average(square(centred)), scalar(EPSILON))));
}

/** The second and third convolution: (batch, 288, frames) → (batch, steps, 288). */
function convolve(frames: Tensor, weights: MoonshineWeights): Tensor {
  const heard = sub(sizeAlong(2, frames), indices([FRAMES_HEARD - FRAMES_PER_STEP]));
  const steps = div(heard, indices([FRAMES_PER_STEP]));
  const between = add(mul(steps, indices([THIRD.stride])), indices([THIRD.size - THIRD.stride]));
  const timeMajor = operator('Transpose', [frames], [['batch', 'frames', MOONSHINE_CHANNELS]], {
    perm: [0, 2, 1],
  })[0];
  const second = gelu(add(filterTiles(timeMajor, between, weights.second), weights.secondBias));
  return gelu(weights.product(windows(second, THIRD, steps), 'conv3'));
}

/** Outputs of a tile, and the groups of frames that it hears. */
const TILE_OUTPUTS = 4;
const TAPS = Math.ceil(SECOND.size / SECOND.stride);
const TILE_GROUPS = TILE_OUTPUTS + TAPS - 1;

/**
 * The second convolution by minimal filtering (`filterTiles` of @mars/autograd tells how): its stride makes three frames one
 * group of 864 channels, of which it hears three at a time. 6 products of a tile stand for 4 · 7 / 3 of the plain sum.
 *
 * @param frames (batch, frames, 288)
 * @param count outputs that are needed, int64 [1]; some more come
 * @param weight (2016, 576)
 * @returns (batch, count or some more, 576)
 */
function filterTiles(frames: Tensor, count: Tensor, weight: Tensor): Tensor {
  const outChannels = Number(weight.shape[1]);
  const channels = SECOND.stride * MOONSHINE_CHANNELS;
  const [whole] = operator(
    'Pad',
    [weight, indices([0, 0, (TAPS * SECOND.stride - SECOND.size) * MOONSHINE_CHANNELS, 0])],
    [[TAPS * channels, outChannels]],
  );
  const tiles = div(add(count, indices([TILE_OUTPUTS - 1])), indices([TILE_OUTPUTS]));
  const groups = add(mul(tiles, indices([TILE_OUTPUTS])), indices([TAPS - 1]));
  // What no tile hears is cut off; what a tile lacks is zero.
  const after = sub(mul(groups, indices([SECOND.stride])), sizeAlong(1, frames));
  const [padded] = operator(
    'Pad',
    [frames, concat([indices([0, 0, 0, 0]), after, indices([0])], 0)],
    [['batch', 'padded', MOONSHINE_CHANNELS]],
  );
  const starts = mul(layOut(rangeOf(tiles), [-1, 1]), indices([TILE_OUTPUTS]));
  const [heard] = operator(
    'Gather',
    [layOut(padded, [0, -1, channels]), add(starts, along(1, upTo(TILE_GROUPS)))],
    [['batch', 'tiles', TILE_GROUPS, channels]],
    { axis: 1 },
  );
  const [byPoint] = operator(
    'Transpose',
    [matMul(interpolation(TILE_GROUPS), heard)],
    [[TILE_GROUPS, 'batch', 'tiles', channels]],
    { perm: [2, 0, 1, 3] },
  );
  // One product per point: a matrix that it knows is laid out for its product when the file is loaded, a stack of them anew
  // each time. Each kernel is made by itself, since what is made on loading is not all given back.
  const one = Array<number>(TILE_GROUPS).fill(1);
  const taps = layOut(whole, [TAPS, -1]);
  const kernels = split(evaluation(TILE_GROUPS, TAPS), one, 0).map((values) =>
    layOut(matMul(values, taps), [channels, outChannels]),
  );
  const products = split(byPoint, one, 0).map((heardAt, point) =>
    layOut(matMul(layOut(heardAt, [-1, channels]), kernels[point]), [-1, 1, outChannels]),
  );
  const byTile = concat(products, 1); // (tiles, TILE_GROUPS, outChannels)
  const [transposed] = operator(
    'Transpose',
    [evaluation(TILE_GROUPS, TILE_OUTPUTS)],
    [[TILE_OUTPUTS, TILE_GROUPS]],
    { perm: [1, 0] },
  );
  const outputs = matMul(transposed, byTile);
  const shape = concat([sizeAlong(0, frames), indices([-1, outChannels])], 0);
  return operator('Reshape', [outputs, shape], [['batch', 'count', outChannels]])[0];
}

/** (batch, time, channels) → (batch, count, size · channels): what each place of a convolution sees. */
function windows(x: Tensor, { size, stride }: typeof SECOND, count: Tensor): Tensor {
  const places = mul(layOut(rangeOf(count), [-1, 1]), indices([stride]));
  const [seen] = operator(
    'Gather',
    [x, add(places, along(1, upTo(size)))],
    [['batch', 'count', size, x.shape[2]]],
    { axis: 1 },
  );
  return layOut(seen, [0, -1, size * Number(x.shape[2])]);
}

/** 0, 1, … of int64 [1]: int64 [count]. */
function rangeOf(count: Tensor): Tensor {
  const [end] = operator('Squeeze', [count, indices([0])], [[]]);
  return operator('Range', [int64([0], []), end, int64([1], [])], [['count']])[0];
}

/** x · Φ(x). */
function gelu(x: Tensor): Tensor {
  const [erf] = operator('Erf', [mul(x, scalar(Math.SQRT1_2))], [x.shape]);
  return mul(mul(x, scalar(0.5)), add(erf, scalar(1)));
}

/** What the steps (batch, steps, 288) are after the first block, after the second, and after the attention of the third. */
function encode(steps: Tensor, loud: LoudSteps, weights: MoonshineWeights): Tensor[] {
  const places = rotation(sizeAlong(1, steps));
  const attended = (x: Tensor, block: number) => add(x, attend(x, loud, places, weights.product, block));
  const thought = (x: Tensor, block: number) => {
    const inner = gelu(weights.product(normaliseSteps(x), `block${block}.fc1`));
    return add(x, weights.product(inner, `block${block}.fc2`));
  };
  const first = thought(attended(steps, 1), 1);
  const second = thought(attended(first, 2), 2);
  return [first, second, attended(second, 3)];
}

/** Layer normalisation; its scale stands in the product that follows. */
function normaliseSteps(x: Tensor): Tensor {
  const ones = constant(new Float32Array(MOONSHINE_CHANNELS).fill(1), [MOONSHINE_CHANNELS]);
  return operator('LayerNormalization', [x, ones], [x.shape], { axis: -1, epsilon: { float: EPSILON } })[0];
}

/** Attention of every step to the loud ones, (batch, steps, 288) → (batch, steps, 288). */
function attend(
  x: Tensor,
  { mask }: LoudSteps,
  { cosines, sines }: Rotation,
  product: MoonshineWeights['product'],
  block: number,
): Tensor {
  const shape = ['batch', HEADS, 'steps', HEAD_WIDTH];
  const projected = layOut(product(normaliseSteps(x), `block${block}.qkv`), [0, 0, 3, HEADS, HEAD_WIDTH]);
  const [byHead] = operator('Transpose', [projected], [[3, ...shape]], { perm: [2, 0, 3, 1, 4] });
  const [query, key, value] = [0, 1, 2].map(
    (which) => operator('Gather', [byHead, int64([which], [])], [shape], { axis: 0 })[0],
  );
  const rotate = (vectors: Tensor) => add(mul(vectors, cosines), mul(matMul(vectors, quarterTurn()), sines));
  const [columns] = operator('Transpose', [rotate(key)], [['batch', HEADS, HEAD_WIDTH, 'steps']], {
    perm: [0, 1, 3, 2],
  });
  // What is silent is as far away as a number can say.
  const silent = mul(sub(layOut(mask, [0, 1, 1, -1]), scalar(1)), scalar(1e4));
  const likeness = add(matMul(rotate(query), columns), silent);
  const [shares] = operator('Softmax', [likeness], [likeness.shape], { axis: -1 });
  const [timeMajor] = operator(
    'Transpose',
    [matMul(shares, value)],
    [['batch', 'steps', HEADS, HEAD_WIDTH]],
    { perm: [0, 2, 1, 3] },
  );
  return product(layOut(timeMajor, [0, -1, MOONSHINE_CHANNELS]), `block${block}.dense`);
}

/** Cosine and sine of every step's angle in every number of a head, (steps, 36). */
interface Rotation {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/** Numbers of a head that turn with time; the others do not. */
const ROTATED = 32;

/** Rotary position embedding (Su et al. 2021, "RoFormer"): pairs of numbers turn, each by its own frequency. */
function rotation(steps: Tensor): Rotation {
  const frequencies = Float32Array.from({ length: HEAD_WIDTH }, (_, i) =>
    i < ROTATED ? 10_000 ** (-Math.floor(i / 2) / (ROTATED / 2)) : 0,
  );
  const angles = mul(layOut(cast(rangeOf(steps)), [-1, 1]), constant(frequencies, [1, HEAD_WIDTH]));
  const of = (name: string) => operator(name, [angles], [['steps', HEAD_WIDTH]])[0];
  return { cosines: of('Cos'), sines: of('Sin') };
}

/** Every pair (a, b) becomes (-b, a). */
function quarterTurn(): Tensor {
  const matrix = new Float32Array(HEAD_WIDTH * HEAD_WIDTH);
  for (let i = 0; i < ROTATED; i += 2) {
    matrix[(i + 1) * HEAD_WIDTH + i] = -1;
    matrix[i * HEAD_WIDTH + i + 1] = 1;
  }
  return constant(matrix, [HEAD_WIDTH, HEAD_WIDTH]);
}

/** Mean and standard deviation over the steps that count, two of (batch, 1, 288). */
function pool(x: Tensor, { share }: LoudSteps): Tensor[] {
  const mean = matMul(share, x);
  return [mean, sqrt(matMul(share, square(sub(x, mean))))];
}
