import { createRandom } from '@mars/autograd/random';
import { Profile, PROFILE_PRIOR_CLIPS } from '@mars/core';
import { expect, test } from 'vitest';
import { batchesOf, type BatchPlan } from './batches.ts';
import type { Clip } from './corpora/clip.ts';
import { fitLabelMeans } from './dataset.ts';
import { drawOffsets, whoSpeaks } from './simulated-profiles.ts';

/** Two voices: the first with recordings 0 and 1, the second with 2; each recording in two versions. */
const shape = [1, 2] as const;
const rows = Float32Array.of(1, 0, 3, 0, 0, 4, 0, 8, 100, 100, 300, 300);
const recordings = [0, 0, 1, 1, 2, 2];
const voices = [0, 0, 1];
const conditions = recordings.map(() => 'original');
const offsetsFor = (clips: readonly number[], seed = 1) =>
  drawOffsets({ rows, shape }, { clips, recordings, voices, conditions }, createRandom(seed));
const any = createRandom('any');

test('no clip, no offset', () => {
  expect([...offsetsFor([0])(0, any)]).toEqual([0, 0]);
});

test('of all clips of the voice, and of no other: what a profile of them takes off', () => {
  const mean = Float32Array.of(1, 3);
  const profile = new Profile({ space: '', model: '', clips: 2, labelled: 0, mean });
  const expected = profile.adaptation.offset;
  for (const example of [0, 3]) {
    const offset = offsetsFor([5])(example, any);
    expect(offset[0]).toBeCloseTo(expected[0], 6);
    expect(offset[1]).toBeCloseTo(expected[1], 6);
  }
  expect(offsetsFor([5])(4, any)[0]).toBeCloseTo(200 / (1 + PROFILE_PRIOR_CLIPS), 4);
});

test('of what came through the same: a voice over the telephone is not taken for one beside you', () => {
  const heard = {
    clips: [9],
    recordings,
    voices,
    conditions: recordings.map((_, i) => ['original', 'noise'][i % 2]),
  };
  const offsets = drawOffsets({ rows, shape }, heard, createRandom(1));
  const weight = 1 / (2 + PROFILE_PRIOR_CLIPS);
  for (const [example, expected] of [
    [0, [1, 4]],
    [1, [3, 8]],
    [2, [1, 4]],
    [3, [3, 8]],
  ] as const) {
    const offset = offsets(example, any);
    expect([...offset].map((value) => Number(value.toFixed(4)))).toEqual(
      expected.map((value) => Number((weight * value).toFixed(4))),
    );
  }
});

test('who speaks, and through what: speeds are the same voice, song is another', () => {
  const clip = (speaker: string, channel: 'speech' | 'song'): Clip => ({
    file: '',
    id: speaker,
    corpus: 'c',
    speaker,
    emotion: 'happy',
    channel,
  });
  const clips = [clip('a', 'speech'), clip('a', 'song'), clip('b', 'speech'), clip('a', 'speech')];
  expect(whoSpeaks(clips, [{ kind: 'original' }, { kind: 'speed' }, { kind: 'telephone' }])).toEqual({
    recordings: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
    voices: [0, 1, 2, 0],
    conditions: clips.flatMap(() => ['original', 'original', 'telephone']),
  });
});

test('of one clip, now this one and now that one; the same for the same seed', () => {
  const seen = (seed: number) => {
    const [offsets, own] = [offsetsFor([1], seed), createRandom('draws')];
    return Array.from({ length: 40 }, () => offsets(0, own).join());
  };
  expect(new Set(seen(1)).size).toBe(2);
  expect(seen(1)).toEqual(seen(1));
});

test('a batch is seen under them', () => {
  const plan: BatchPlan = {
    rows,
    shape,
    labels: [0, 0, 1, 1, 0, 0],
    corpora: [0, 0, 0, 0, 0, 0],
    labelled: [[0, 1]],
    labelCount: 2,
    batchSize: 6,
    seed: 3,
  };
  const simulatedProfiles = { clips: [9], recordings, voices, conditions };
  const sum = (batches: Iterable<{ x: Float32Array }>) =>
    [...batches].flatMap(({ x }) => [...x]).reduce((total, value) => total + value, 0);
  const taken = 4 * (((1 + 3) * 2) / (2 + PROFILE_PRIOR_CLIPS)) + 2 * (400 / (1 + PROFILE_PRIOR_CLIPS));
  expect(sum(batchesOf(plan, 1)) - sum(batchesOf({ ...plan, simulatedProfiles }, 1))).toBeCloseTo(taken, 2);
});

test('the mean row of each label, zeros where there is none', () => {
  const data = { rows, shape, labels: [0, 0, 1, 1, 1, 1], size: 6 };
  expect([...fitLabelMeans(data, 3)]).toEqual([2, 0, 100, 103, 0, 0]);
});
