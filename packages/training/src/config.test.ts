import { expect, test } from 'vitest';
import { buildNetwork } from './export.ts';
import { preset, PRESET_NAMES } from './config.ts';

test('preset seed is the recipe of the student project', () => {
  const seed = preset('seed');
  expect(seed).toMatchObject({
    preset: 'seed',
    features: { nMfcc: 40, sampleRate: 22_050, nFft: 2048, hopLength: 512, nMels: 128 },
    frames: 200,
    variants: [{ kind: 'original' }, { kind: 'timeStretch' }, { kind: 'pitchShift' }, { kind: 'noise' }],
    epochs: 100,
    // Plain categorical cross-entropy and plain Adam.
    labelSmoothing: 0,
    weightDecay: 0,
  });
  const layers = Object.keys(buildNetwork(seed, 8).layers);
  expect(layers.filter((name) => !/^(pool|relu|norm|drop)/.test(name))).toEqual([
    'conv1',
    'conv2',
    'gru',
    'attention',
    'output',
  ]);
});

test.each(['sed', 'toString', ''])('no preset is called "%s", and the error names those that are', (name) => {
  expect(() => preset(name)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(PRESET_NAMES.join(', ')),
    }),
  );
});
