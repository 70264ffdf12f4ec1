import { describe, test } from 'vitest';
import { expect } from '../../test/expect.ts';
import { passThrough } from '../../test/layer-pass.ts';
import { channelDropout, dropout } from './dropout.ts';

const ones = (shape: number[]) => ({
  shape,
  values: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => 1),
});

/** Bounds of five standard deviations about the share of n draws that are dropped. */
function expectShare(dropped: number, n: number, probability: number) {
  const deviation = Math.sqrt((probability * (1 - probability)) / n);
  expect(Math.abs(dropped / n - probability)).toBeLessThan(5 * deviation);
}

describe('dropout', () => {
  test.for([0.1, 0.5, 0.9])('of %d drops that share and keeps the expectation', async (probability) => {
    const x = ones([10, 100, 20]);
    const { y } = await passThrough(dropout(probability), { x, training: true });
    const kept = y.values.filter((value) => value !== 0);
    expectShare(y.values.length - kept.length, y.values.length, probability);
    expect(kept).toBeAllClose(kept.map(() => 1 / (1 - probability)));
  });

  test('hands the gradient on where it kept the value, scaled alike', async () => {
    const x = ones([4, 5]);
    const { y, gradients } = await passThrough(dropout(0.5), { x, upstream: x, training: true });
    expect(gradients.x.values).toEqual(y.values);
  });

  test('draws anew for another seed, and the same for the same', async () => {
    const x = ones([4, 50]);
    const values = async (seed: string) =>
      (await passThrough(dropout(0.5), { x, training: true, seed })).y.values;
    expect(await values('a')).toEqual(await values('a'));
    expect(await values('a')).not.toEqual(await values('b'));
  });
});

test('channel dropout drops whole channels of single clips, at its rate', async () => {
  const [clips, frames, channels] = [40, 3, 100];
  const x = ones([clips, frames, channels]);
  const { y } = await passThrough(channelDropout(0.3), { x, training: true });
  const at = (clip: number, frame: number, channel: number) =>
    y.values[(clip * frames + frame) * channels + channel];
  let dropped = 0;
  for (let clip = 0; clip < clips; clip += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      expect(at(clip, 1, channel)).toBe(at(clip, 0, channel));
      expect(at(clip, 2, channel)).toBe(at(clip, 0, channel));
      dropped += Number(at(clip, 0, channel) === 0);
    }
  }
  expectShare(dropped, clips * channels, 0.3);
  expect(y.values.find((value) => value !== 0)).toBeCloseTo(1 / 0.7);
});

test.for([dropout, channelDropout])(
  'nothing is dropped outside training, or at probability 0',
  async (make) => {
    const x = ones([2, 3, 4]);
    expect([...(await passThrough(make(0.5), { x, training: false })).y.values]).toEqual(x.values);
    expect([...(await passThrough(make(0), { x, training: true })).y.values]).toEqual(x.values);
  },
);

test.for([1, -0.1, Number.NaN])('a probability of %d is refused', (probability) => {
  expect(() => dropout(probability)).toThrow(/lies in \[0, 1\)/);
});
