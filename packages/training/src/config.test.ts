import { describe, expect, test } from 'vitest';
import { buildNetwork } from './architectures/networks.ts';
import { changeConfig, heardVariant, parseChange, preset, type ConfigChanges } from './config.ts';
import { PRESET_NAMES } from './preset-names.ts';

test('preset seed is the recipe of the student project', () => {
  const seed = preset('seed');
  expect(seed).toMatchObject({
    preset: 'seed',
    features: { kind: 'mfcc', nMfcc: 40, sampleRate: 22_050, nFft: 2048, hopLength: 512, nMels: 128 },
    frames: 200,
    variants: [{ kind: 'original' }, { kind: 'timeStretch' }, { kind: 'pitchShift' }, { kind: 'noise' }],
    epochs: 100,
    // Plain categorical cross-entropy and plain Adam.
    labelSmoothing: 0,
    weightDecay: 0,
  });
  const layers = Object.keys(buildNetwork(seed.network, 40, 8).layers);
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

describe('preset flagship', () => {
  const flagship = preset('flagship');

  test.each<[ConfigChanges, RegExp]>([
    [{ epochs: 2 }, /fitted at once: 1 epoch/],
    [{ mixupAlpha: 0.4 }, /without steps.*mixupAlpha|mixupAlpha.*without steps/s],
    [{ features: { kind: 'mfcc', nMfcc: 40 }, testSpeeds: [1] }, /only with features of trunks/],
  ])('takes no %j', (changes, words) => {
    expect(() => changeConfig(flagship, changes)).toThrow(words);
  });

  test('validates clips at the first speed at which they will be heard; others as recorded', () => {
    expect(heardVariant(flagship)).toEqual({ kind: 'speed', name: 'fast', rate: [1.25, 1.25] });
    expect(heardVariant({ ...flagship, variants: [{ kind: 'original' }] })).toEqual({
      kind: 'speed',
      name: 'heard',
      rate: [1.25, 1.25],
    });
    expect(heardVariant(preset('transfer'))).toEqual({ kind: 'original' });
  });
});

describe('a changed configuration', () => {
  const seed = preset('seed');

  test('keeps what was not named', () => {
    const changed = changeConfig(seed, { network: { bidirectional: true }, epochs: 30 });
    expect(changed).toEqual({ ...seed, epochs: 30, network: { ...seed.network, bidirectional: true } });
  });

  test('starts from the defaults of another kind', () => {
    expect(changeConfig(seed, { features: { kind: 'logMel' } }).features).toEqual({
      kind: 'logMel',
      sampleRate: 22_050,
      nMels: 128,
      nFft: 2048,
      hopLength: 512,
    });
  });

  test('replaces a list as a whole, with its defaults', () => {
    expect(changeConfig(seed, { variants: [{ kind: 'noise' }] }).variants).toEqual([
      { kind: 'noise', snrDb: [10, 30] },
    ]);
  });

  test.each<[string, ConfigChanges, string]>([
    ['an unknown name', { epoch: 3 }, 'epoch'],
    ['an unknown name further down', { network: { hidden: 3 } }, 'network'],
    ['a wrong type', { epochs: 'many' }, 'epochs'],
    ['a number out of range', { network: { dropoutRate: 1 } }, 'network.dropoutRate'],
    ['an unknown kind', { features: { kind: 'lpc' } }, 'features.kind'],
  ])('refuses %s and says where', (_, changes, where) => {
    expect(() => changeConfig(seed, changes)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(where) }),
    );
  });
});

test.each<[string, ConfigChanges]>([
  ['epochs=30', { epochs: 30 }],
  ['network.pooling=mean', { network: { pooling: 'mean' } }],
  ['variants=[{"kind":"noise"}]', { variants: [{ kind: 'noise' }] }],
])('parses %s', (text, changes) => {
  expect(parseChange(text)).toEqual(changes);
});

test.each(['epochs', '=3', 'network.=3', ''])('refuses "%s" as a change', (text) => {
  expect(() => parseChange(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
