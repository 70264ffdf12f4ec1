import { describe, expect, test } from 'vitest';
import { Profile, PROFILE_PRIOR_CLIPS } from './profile.ts';

const fields = {
  space: 'abc',
  model: 'tiny',
  clips: 6,
  labelled: 2,
  mean: Float32Array.of(0.5, -1, 0.25),
  lastLayer: Float32Array.of(1, 2),
};
const profile = new Profile(fields);

test('as JSON it comes back the same', () => {
  expect(Profile.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  const plain = new Profile({ ...fields, lastLayer: undefined });
  expect(Profile.parse(JSON.parse(JSON.stringify(plain)))).toEqual(plain);
});

test('the fewer clips, the less is taken off', () => {
  const offset = (clips: number) => new Profile({ ...fields, clips }).adaptation.offset[0];
  expect(offset(PROFILE_PRIOR_CLIPS)).toBe(0.25);
  expect(offset(1)).toBe(0.5 / (1 + PROFILE_PRIOR_CLIPS));
});

describe('what is no profile is PROFILE_INVALID', () => {
  const json = profile.toJSON();
  test.each([
    ['null', null, 'a JSON object'],
    ['a text', 'profile', 'a JSON object'],
    ['another format', { ...json, format: 'card' }, '"format" is "card"'],
    ['a newer version', { ...json, version: 2 }, '"version" is 2'],
    ['no space', { ...json, space: undefined }, '"space" is missing'],
    ['half a clip', { ...json, clips: 0.5 }, '"clips" is 0.5; a whole number'],
    ['more labels than clips', { ...json, labelled: 7 }, '"labelled" is 7'],
    ['numbers that are not base64', { ...json, mean: '<script>' }, '"mean" is "<script>…"'],
    ['numbers that are none', { ...json, mean: 'AHw=' }, 'finite'],
    ['an empty last layer', { ...json, lastLayer: '' }, '"lastLayer" is ""'],
  ])('%s', (_, given, words) => {
    expect(() => Profile.parse(given)).toThrow(
      expect.objectContaining({ code: 'PROFILE_INVALID', message: expect.stringContaining(words) }),
    );
  });
});
