import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINY_LABELS, tinyMetadata, tinyModel } from '../../test/tiny-model.ts';
import { learnProfile, SpeakerStatistics } from './calibration.ts';
import { encodeFloat16 } from './float16.ts';
import { adaptLogits, Model, softmaxRows, type Embedding } from './model.ts';

const WIDTH = 12;
const labelMeans = Float32Array.from({ length: TINY_LABELS.length * WIDTH }, (_, i) => ((i * 7) % 11) / 16);

let model: Model;
beforeAll(async () => {
  const metadata = tinyMetadata({ labelMeans: encodeFloat16(labelMeans) });
  model = await Model.open(tinyModel({ metadata }));
});
afterAll(() => model.dispose());

/** Two versions of 12 numbers, that lie about `centre`. */
function embedding(centre: number, phase = 0): Embedding {
  const values = Float32Array.from({ length: 2 * WIDTH }, (_, i) => centre + 0.4 * Math.sin(i * 1.7 + phase));
  return { values, versions: 2, width: WIDTH };
}

describe('SpeakerStatistics', () => {
  test('the mean over clips of the mean over versions', () => {
    const statistics = new SpeakerStatistics(2);
    expect([...statistics.mean]).toEqual([0, 0]);
    statistics.add({ embedding: { values: Float32Array.of(1, 10, 3, 20), versions: 2, width: 2 } });
    statistics.add({ embedding: { values: Float32Array.of(0, 0, 0, 2), versions: 2, width: 2 } });
    expect(statistics.clips).toBe(2);
    expect([...statistics.mean]).toEqual([1, 8]);
  });

  test('a labelled clip counts as what it differs from its label by', () => {
    const statistics = new SpeakerStatistics(2, { labelMeans: Float32Array.of(1, 1, 5, 5) });
    statistics.add({ embedding: { values: Float32Array.of(6, 4), versions: 1, width: 2 }, label: 1 });
    expect([...statistics.mean]).toEqual([1, -1]);
  });
});

describe('learnProfile', () => {
  test('without labels, only the offset', async () => {
    const profile = await learnProfile(model, [{ embedding: embedding(0.5) }, { embedding: embedding(0.7) }]);
    expect(profile).toMatchObject({ clips: 2, labelled: 0, model: 'tiny', lastLayer: undefined });
    expect(profile.space).toBe(model.embeddingSpace);
  });

  test('of one emotion, the last layer is left alone', async () => {
    const clips = [0, 1, 2, 3, 4].map((phase) => ({ embedding: embedding(0.5, phase), label: 0 }));
    expect((await learnProfile(model, clips)).lastLayer).toBeUndefined();
  });

  const labelled = [0, 1, 2, 3, 4, 5].map((phase) => ({
    embedding: embedding(0.3 * (phase % 2), phase),
    label: phase % 2 === 0 ? 2 : 6,
  }));

  /** Mean log-likelihood of the labels, among the two that occur. */
  const likelihood = async (change: Float32Array, offset: Float32Array) => {
    let sum = 0;
    for (const clip of labelled) {
      const layer = await model.lastLayer(clip.embedding, offset);
      const logits = adaptLogits(layer, change, 2).map((logit, i) =>
        [2, 6].includes(i % 8) ? logit : -Infinity,
      );
      const scores = softmaxRows(logits, 2);
      sum += Math.log(scores[clip.label]) + Math.log(scores[8 + clip.label]);
    }
    return sum / (2 * labelled.length);
  };

  test('of several, the last layer tells them apart better, and what no clip has keeps its weights', async () => {
    const { offset, lastLayer } = (await learnProfile(model, labelled)).adaptation;
    const before = await likelihood(new Float32Array(lastLayer!.length), offset);
    expect(await likelihood(lastLayer!, offset)).toBeGreaterThan(before + 0.05);
    const absent = lastLayer!.filter((_, index) => ![2, 6].includes(Math.floor(index / 13)));
    expect([...new Set(absent)]).toEqual([0]);
  });

  test('the last layer is where the penalised loss is least: its slope vanishes', async () => {
    const { offset, lastLayer: weights } = (await learnProfile(model, labelled)).adaptation;
    const loss = async (index: number, by: number) => {
      const moved = weights!.map((weight, i) => (i === index ? weight + by : weight));
      return moved.reduce((sum, weight) => sum + weight * weight, 0) - (await likelihood(moved, offset));
    };
    for (const index of [2 * 13, 2 * 13 + 5, 6 * 13 + 12]) {
      expect(Math.abs((await loss(index, 1e-2)) - (await loss(index, -1e-2))) / 2e-2).toBeLessThan(1e-3);
    }
  });
});
