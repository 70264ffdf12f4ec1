import { describe, test } from 'vitest';
import { evaluate } from '../test/evaluate.ts';
import { expect } from '../test/expect.ts';
import { FLOAT32 } from '../test/layer-pass.ts';
import { pytorch, type Values } from '../test/pytorch.ts';
import { gradient } from './gradient.ts';
import { softmaxCrossEntropy, type CrossEntropyOptions } from './losses.ts';
import { input } from './tensor.ts';

async function lossOf(logits: Values, targets: Values, options?: CrossEntropyOptions) {
  const x = input('logits', logits.shape);
  const loss = softmaxCrossEntropy(x, input('targets', targets.shape), options);
  const [byLogits] = gradient(loss, [x]);
  return evaluate({ loss, gradient: byLogits }, { logits, targets });
}

describe('softmax cross-entropy', () => {
  test.for(Object.entries(pytorch.losses))(
    'equals PyTorch: %s',
    async ([, { options, logits, targets, loss, gradient }]) => {
      expect(await lossOf(logits, targets, options)).toBeAllCloseByName(
        { loss: { shape: [], values: [loss] }, gradient },
        FLOAT32,
      );
    },
  );

  test('is the logarithm of the number of labels where all are alike', async () => {
    const { loss } = await lossOf({ shape: [2, 4], values: [5, 5, 5, 5, 0, 0, 0, 0] }, oneHot([1, 3], 4));
    expect(loss.values).toBeAllClose([Math.log(4)]);
  });

  test('stays finite for logits as far apart as they come', async () => {
    const logits = { shape: [2, 2], values: [1e4, -1e4, 1e4, -1e4] };
    const { loss, gradient } = await lossOf(logits, oneHot([0, 1], 2));
    expect(loss.values).toBeAllClose([1e4]);
    expect(gradient.values).toBeAllClose([0, 0, 0.5, -0.5]);
  });

  test('equal class weights change nothing, for mixtures neither', async () => {
    const { logits, targets } = pytorch.losses['soft targets'];
    const plain = await lossOf(logits, targets, { labelSmoothing: 0.1 });
    const weighted = await lossOf(logits, targets, { labelSmoothing: 0.1, classWeights: [3, 3, 3] });
    expect(weighted).toBeAllCloseByName(plain);
  });

  test.each([0, 0.2])(
    'what a row may not be is left out of it, label smoothing %d',
    async (labelSmoothing) => {
      const logits = { shape: [1, 4], values: [1, 7, -2, 0.5] };
      const x = input('logits', [1, 4]);
      const allowed = input('allowed', [1, 4]);
      const loss = softmaxCrossEntropy(x, input('targets', [1, 4]), { labelSmoothing, allowed });
      const masked = await evaluate(
        { loss, gradient: gradient(loss, [x])[0] },
        { logits, targets: oneHot([2], 4), allowed: { shape: [1, 4], values: [1, 0, 1, 1] } },
      );
      const alone = await lossOf({ shape: [1, 3], values: [1, -2, 0.5] }, oneHot([1], 3), { labelSmoothing });
      expect(masked.loss.values).toBeAllClose(alone.loss.values);
      const [first, second, third] = alone.gradient.values;
      expect(masked.gradient.values).toBeAllClose([first, 0, second, third]);
    },
  );

  test('a wrong number of class weights is refused', async () => {
    const logits = input('logits', [2, 3]);
    expect(() => softmaxCrossEntropy(logits, input('t', [2, 3]), { classWeights: [1, 2] })).toThrow(
      /holds 3 values; 2 came/,
    );
  });
});

function oneHot(classes: number[], labels: number): Values {
  const values = classes.flatMap((index) => Array.from({ length: labels }, (_, i) => Number(i === index)));
  return { shape: [classes.length, labels], values };
}
