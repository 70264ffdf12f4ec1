import { createRandom } from '@mars/autograd/random';
import { expect, test } from 'vitest';
import { changeConfig, preset } from './config.ts';
import { Dataset, type Example } from './dataset.ts';
import { featureWidth } from './features/settings.ts';
import { fitInputs } from './inputs.ts';
import { quantiseColumns, restoreColumns } from './pretrained/quantise.ts';

const WIDTHS = [1728, 2048];

/** Vectors of the flagship's width, whose numbers differ in size a thousandfold. */
function examples(count: number): Example[] {
  const random = createRandom('examples');
  const width = featureWidth(preset('flagship').features);
  return Array.from({ length: count }, (_, label) => ({
    features: {
      data: Float32Array.from({ length: width }, (_unused, k) => 3 + 10 ** (k % 4) * random.normal()),
      frames: 1,
    },
    label: label % 2,
  }));
}

test('each part of a fusion counts in the distance for what its weight says', async () => {
  const config = { ...changeConfig(preset('flagship'), {}), projection: undefined };
  const given = examples(20);
  const normaliser = await fitInputs(given, config, { labelCount: 2, seed: 0 });
  const { rows } = new Dataset(given, normaliser, 1);
  const width = WIDTHS[0] + WIDTHS[1];
  const [first, second] = [0, WIDTHS[0]].map((from, part) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i += 1) {
      if (i % width >= from && i % width < from + WIDTHS[part]) sum += rows[i] ** 2;
    }
    return sum / given.length;
  });
  expect(first / second).toBeCloseTo(1 / 0.35, 3);
  expect((first + second) / width).toBeCloseTo(1, 3);
});

test('a projection is as a model file holds it', async () => {
  const config = changeConfig(preset('flagship'), { projection: { components: 5, gradients: 10 } });
  const { projection } = await fitInputs(examples(20), config, { labelCount: 2, seed: 0, threads: 1 });
  expect(projection).toHaveLength(5 * (WIDTHS[0] + WIDTHS[1]));
  expect(projection).toEqual(restoreColumns(quantiseColumns(projection!, 5)));
  expect(projection!.some((value) => value !== 0)).toBe(true);
});
