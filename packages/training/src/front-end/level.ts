import { indices, operations, scalar, type Tensor } from '@mars/autograd';

const { cast, div, mul, operator, sum } = operations;

/** What is quieter than -100 dB of full scale counts as silence, and stays it. */
const SILENCE = 1e-5;

/** Every waveform of the batch (batch, samples) with its peak at 0.5. */
export function normalisePeak(waveform: Tensor): Tensor {
  // A maximum needs one sample at least.
  const [padded] = operator('Pad', [waveform, indices([0, 0, 0, 1])], [['batch', 'padded']]);
  const [magnitude] = operator('Abs', [padded], [padded.shape]);
  const [peak] = operator('ReduceMax', [magnitude], [['batch', 1]], { axes: [1], keepdims: 1 });
  const [audible] = operator('Max', [peak, scalar(SILENCE)], [['batch', 1]]);
  return mul(waveform, div(scalar(0.5), audible));
}

/** The steps that count, both (batch, 1, steps). */
export interface LoudSteps {
  /** 1 for those that count, else 0; 1 at least does. */
  readonly mask: Tensor;
  /** Of a mean over those that count. */
  readonly share: Tensor;
}

/**
 * The steps that are not silent: those whose power lies at most `topDb` below that of the loudest of their recording.
 *
 * @param power (batch, 1, steps)
 */
export function loudSteps(power: Tensor, topDb: number): LoudSteps {
  const [loudest] = operator('ReduceMax', [power], [['batch', 1, 1]], { axes: [2], keepdims: 1 });
  const [isLoud] = operator(
    'GreaterOrEqual',
    [power, mul(loudest, scalar(10 ** (-topDb / 10)))],
    [['batch', 1, 'steps']],
  );
  const mask = cast(isLoud);
  return { mask, share: div(mask, sum(mask, [2], true)) };
}
