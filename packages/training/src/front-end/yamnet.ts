import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import { loadYamnet } from '../pretrained/yamnet.ts';
import { along, layOut, matMul, upTo } from './kernels.ts';
import { loudSteps, normalisePeak, type LoudSteps } from './level.ts';
import { inHops, yamnetLogMel } from './yamnet-log-mel.ts';
import { YAMNET_LAYERS, type YamnetSettings } from './yamnet-settings.ts';

const { cast, concat, mean, mul, operator, sqrt, square, sub } = operations;

type YamnetLayer = YamnetSettings['layer'];

/**
 * One vector per waveform, played `speed` times as fast: level → log-mel → YAMNet's lower layers → pooling over the
 * steps that are not silent. All of it is ordinary ONNX operators, so that it can stand in a model file. What several
 * speeds have in common stands in it several times, and ONNX Runtime computes it once.
 *
 * @param waveform (batch, samples), mono at 16 kHz, of any length and level
 * @returns (batch, 1, yamnetWidth(settings))
 * @throws MarsError CONFIG_INVALID for a speed that is no multiple of 1 / 80 from 0.5 to 2.
 * @example
 * const waveform = input('waveform', ['batch', 'samples']);
 * const vectors = [0.9, 1, 1.1].map((speed) => yamnetFrontEnd(waveform, settings, { speed }));
 */
export function yamnetFrontEnd(
  waveform: Tensor,
  settings: YamnetSettings,
  { speed = 1 }: { speed?: number } = {},
): Tensor {
  const { layer, deviationsOf, means: withMeans, topDb } = settings;
  const signal = normalisePeak(waveform);
  const analysis = { speed, leastFrames: YAMNET_LAYERS[layer].framesPerStep };
  const trunk = yamnetTrunk(yamnetLogMel(signal, analysis), layer);
  const hops = inHops(signal, analysis);
  const loud = new Map(
    [layer, ...(deviationsOf ?? [])].map((each) => [each, loudStepsOf(hops, each, topDb)]),
  );
  const pooled = (each: YamnetLayer) => poolBands(trunk.get(each)!, loud.get(each)!, each);
  const { means } = pooled(layer);
  const beside =
    deviationsOf?.map((each) => flat(pooled(each).deviations())) ??
    poolChannels(trunk.get(layer)!, loud.get(layer)!, means, layer);
  return concat([...(withMeans ? [flat(means)] : []), ...beside], 2);
}

/** (batch, …) → (batch, 1, numbers). */
const flat = (x: Tensor): Tensor =>
  layOut(x, [0, 1, x.shape.slice(1).reduce<number>((product, size) => product * Number(size), 1)]);

/**
 * What the pointwise convolutions of YAMNet's layers give, up to `layer`.
 *
 * @param logMel (batch, 1, frames, 64)
 * @returns by layer: (batch, channels, ⌈frames / framesPerStep⌉, bands), values from 0 to 6
 */
export function yamnetTrunk(logMel: Tensor, layer: YamnetLayer): ReadonlyMap<number, Tensor> {
  const activations = new Map<number, Tensor>();
  let x = convolution(logMel, 'layer1.conv', { stride: 2 });
  for (let number = 2; number <= layer; number += 1) {
    x = convolution(x, `layer${number}.depthwise`, { stride: number % 2 === 1 ? 2 : 1, depthwise: true });
    x = convolution(x, `layer${number}.pointwise`);
    activations.set(number, x);
  }
  return activations;
}

/** TensorFlow's convolution with "SAME" padding (an odd pixel of it at the end), then ReLU6. */
function convolution(x: Tensor, name: string, { stride = 1, depthwise = false } = {}): Tensor {
  const { weight, bias } = weightsOf(name);
  const [channels, , ...kernel] = weight.shape as number[];
  const shape = ['batch', channels, `${name}.steps`, `${name}.bands`];
  const [y] = operator('Conv', [x, weight, bias], [shape], {
    auto_pad: 'SAME_UPPER',
    kernel_shape: kernel,
    strides: [stride, stride],
    group: depthwise ? channels : 1,
  });
  return operator('Clip', [y, scalar(0), scalar(6)], [shape])[0];
}

const weights = new Map<string, { weight: Tensor; bias: Tensor }>();

/** Stored as 8-bit integers; ONNX Runtime makes floats of them once, when it loads the file. */
function weightsOf(name: string): { weight: Tensor; bias: Tensor } {
  if (weights.size === 0) {
    for (const [each, { values, shape, scale, bias }] of loadYamnet()) {
      const integers = constant(values, shape, `yamnet.${each}.weight`);
      const scales = constant(scale, [shape[0], 1, 1, 1], `yamnet.${each}.scale`);
      weights.set(each, {
        weight: mul(cast(integers), scales),
        bias: constant(bias, [shape[0]], `yamnet.${each}.bias`),
      });
    }
  }
  return weights.get(name)!;
}

/**
 * The steps of a layer that are not silent.
 *
 * A layer whose strides multiply to n frames has ⌈frames / n⌉ steps, and the centre of what step j hears lies, whichever
 * way the padding falls, within the frames n · j … n · j + n - 1. The loudest of these is the step's level; it is silent
 * when that lies more than `topDb` below the loudest step of its recording.
 */
function loudStepsOf(hops: Tensor, layer: YamnetLayer, topDb: number): LoudSteps {
  const { framesPerStep } = YAMNET_LAYERS[layer];
  const halves = layOut(hops, [0, 1, -1, Number(hops.shape[2]) / 2]);
  const [energy] = operator('ReduceSumSquare', [halves], [['batch', 1, 'halves']], {
    axes: [3],
    keepdims: 0,
  });
  // A frame is five halves of a hop.
  const [power] = operator('AveragePool', [energy], [['batch', 1, 'frames']], {
    kernel_shape: [5],
    strides: [2],
  });
  const [level] = operator('MaxPool', [power], [['batch', 1, 'steps']], {
    kernel_shape: [framesPerStep],
    strides: [framesPerStep],
    ceil_mode: 1,
  });
  return loudSteps(level, topDb);
}

/**
 * Over the steps that count: the mean of every channel and band, and the standard deviation.
 *
 * @param activations (batch, channels, steps, bands)
 * @returns two of (batch, channels, bands), the second one when it is asked for
 */
function poolBands(
  activations: Tensor,
  { share }: LoudSteps,
  layer: YamnetLayer,
): { means: Tensor; deviations: () => Tensor } {
  const { channels, bands } = YAMNET_LAYERS[layer];
  // Steps and bands as one axis, with zeros between different bands: so the means of all are one product.
  const bandsAlong = (axis: number) => along(axis, upTo(bands), 4);
  const [isSame] = operator('Equal', [bandsAlong(2), bandsAlong(3)], [[1, 1, bands, bands]]);
  const shares = layOut(mul(layOut(share, [0, -1, 1, 1]), cast(isSame)), [0, -1, bands]); // (batch, steps · bands, bands)
  const average = (x: Tensor) => matMul(layOut(x, [0, 0, -1]), shares); // (batch, channels, bands)
  const means = average(activations);
  return {
    means,
    deviations: () => sqrt(average(square(sub(activations, layOut(means, [0, channels, 1, bands]))))),
  };
}

/**
 * Over the steps that count: the standard deviation and the maximum of every channel's mean over its bands.
 *
 * @param activations (batch, channels, steps, bands), none below 0
 * @param means of every channel and band: (batch, channels, bands)
 * @returns two of (batch, 1, channels)
 */
function poolChannels(
  activations: Tensor,
  { mask, share }: LoudSteps,
  means: Tensor,
  layer: YamnetLayer,
): Tensor[] {
  const { channels, bands } = YAMNET_LAYERS[layer];
  const [overBands] = operator('AveragePool', [activations], [['batch', channels, 'steps', 1]], {
    kernel_shape: [1, bands],
  });
  const channel = layOut(overBands, [0, 0, -1]); // (batch, channels, steps)
  const average = mean(means, [2], true); // (batch, channels, 1)
  const deviation = sqrt(matMul(square(sub(channel, average)), layOut(share, [0, -1, 1])));
  const [maximum] = operator('ReduceMax', [mul(channel, mask)], [['batch', channels, 1]], {
    axes: [2],
    keepdims: 1,
  });
  return [flat(deviation), flat(maximum)];
}
