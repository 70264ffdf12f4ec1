import { constant, indices, operations, scalar, type Tensor } from '@mars/autograd';
import { loadYamnet } from '../pretrained/yamnet.ts';
import { layOut } from './kernels.ts';
import { framing, yamnetLogMel } from './yamnet-log-mel.ts';
import { YAMNET_LAYERS, type YamnetSettings } from './yamnet-settings.ts';

const { cast, concat, div, mean, mul, operator, sqrt, square, sub, sum } = operations;

type YamnetLayer = YamnetSettings['layer'];

/**
 * One vector per waveform, played `speed` times as fast: level → log-mel → YAMNet's lower layers → pooling over the
 * steps that are not silent. All of it is ordinary ONNX operators, so that it can stand in a model file.
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
  { layer, topDb }: YamnetSettings,
  { speed = 1 }: { speed?: number } = {},
): Tensor {
  const signal = normalisePeak(padToOneStep(waveform, layer, speed));
  const activations = yamnetTrunk(yamnetLogMel(signal, { speed }), layer);
  return pool(activations, loudSteps(signal, layer, speed, topDb), layer);
}

/** Zeros after the end until there are samples for one step of the layer. */
function padToOneStep(waveform: Tensor, layer: YamnetLayer, speed: number): Tensor {
  const { frameLength, hopLength } = framing(speed);
  const least = frameLength + (YAMNET_LAYERS[layer].framesPerStep - 1) * hopLength;
  const [length] = operator('Shape', [waveform], [[1]], { start: 1 });
  const [missing] = operator('Max', [sub(indices([least]), length), indices([0])], [[1]]);
  const widths = concat([indices([0, 0, 0]), missing], 0);
  return operator('Pad', [waveform, widths], [['batch', 'samples']])[0];
}

/** What is quieter than -100 dB of full scale counts as silence, and stays it. */
const SILENCE = 1e-5;

/** Every waveform of the batch with its peak at 0.5. */
function normalisePeak(waveform: Tensor): Tensor {
  const [magnitude] = operator('Abs', [waveform], [waveform.shape]);
  const [peak] = operator('ReduceMax', [magnitude], [['batch', 1]], { axes: [1], keepdims: 1 });
  const [audible] = operator('Max', [peak, scalar(SILENCE)], [['batch', 1]]);
  return mul(waveform, div(scalar(0.5), audible));
}

/**
 * YAMNet up to and with the pointwise convolution of `layer`.
 *
 * @param logMel (batch, 1, frames, 64)
 * @returns (batch, channels, ⌈frames / framesPerStep⌉, bands), values from 0 to 6
 */
export function yamnetTrunk(logMel: Tensor, layer: YamnetLayer): Tensor {
  let x = convolution(logMel, 'layer1.conv', { stride: 2 });
  for (let number = 2; number <= layer; number += 1) {
    x = convolution(x, `layer${number}.depthwise`, { stride: number % 2 === 1 ? 2 : 1, depthwise: true });
    x = convolution(x, `layer${number}.pointwise`);
  }
  return x;
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
 * 1 for every step that is not silent, else 0: (batch, 1, steps, 1).
 *
 * A layer whose strides multiply to n frames has ⌈frames / n⌉ steps, and the centre of what step j hears lies, whichever
 * way the padding falls, within the frames n · j … n · j + n - 1. The loudest of these is the step's level; it is silent
 * when that lies more than `topDb` below the loudest step of its recording.
 */
function loudSteps(signal: Tensor, layer: YamnetLayer, speed: number, topDb: number): Tensor {
  const { frameLength, hopLength } = framing(speed);
  const { framesPerStep } = YAMNET_LAYERS[layer];
  const [channel] = operator('Unsqueeze', [square(signal), indices([1])], [['batch', 1, 'samples']]);
  const [power] = operator('AveragePool', [channel], [['batch', 1, 'frames']], {
    kernel_shape: [frameLength],
    strides: [hopLength],
  });
  const steps = ['batch', 1, 'steps'];
  const [level] = operator('MaxPool', [power], [steps], {
    kernel_shape: [framesPerStep],
    strides: [framesPerStep],
    ceil_mode: 1,
  });
  const [loudest] = operator('ReduceMax', [level], [['batch', 1, 1]], { axes: [2], keepdims: 1 });
  const [isLoud] = operator('GreaterOrEqual', [level, mul(loudest, scalar(10 ** (-topDb / 10)))], [steps]);
  return operator('Unsqueeze', [cast(isLoud), indices([3])], [[...steps, 1]])[0];
}

/**
 * Over the steps that count: the mean of every channel and band, then the standard deviation and the maximum of every
 * channel's mean over its bands.
 *
 * @param activations (batch, channels, steps, bands), none below 0
 * @param mask (batch, 1, steps, 1) of 1 and 0, with one 1 at least
 * @returns (batch, 1, channels · (bands + 2))
 */
function pool(activations: Tensor, mask: Tensor, layer: YamnetLayer): Tensor {
  const { channels, bands } = YAMNET_LAYERS[layer];
  const count = sum(mask, [2], true); // (batch, 1, 1, 1)
  const average = (x: Tensor) => div(sum(mul(x, mask), [2], true), count);

  const means = average(activations); // (batch, channels, 1, bands)
  const channel = mean(activations, [3], true); // (batch, channels, steps, 1)
  const deviation = sqrt(average(square(sub(channel, average(channel)))));
  const [maximum] = operator('ReduceMax', [mul(channel, mask)], [['batch', channels, 1, 1]], {
    axes: [2],
    keepdims: 1,
  });
  return concat(
    [
      layOut(means, [0, 1, channels * bands]),
      layOut(deviation, [0, 1, channels]),
      layOut(maximum, [0, 1, channels]),
    ],
    2,
  );
}
