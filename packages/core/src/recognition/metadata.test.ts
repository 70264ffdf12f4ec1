import { describe, expect, test } from 'vitest';
import { tinyMetadata, tinyModel } from '../../test/tiny-model.ts';
import { parseMetadata, readMetadataProps } from './metadata.ts';

const parse = (changes: Record<string, string | undefined>) =>
  parseMetadata(new Map(Object.entries(tinyMetadata(changes))));

describe('readMetadataProps', () => {
  test('finds every entry of an ONNX file, in any script', () => {
    const metadata = tinyMetadata({ card: 'Éèö 日本語\nsecond line' });
    expect(Object.fromEntries(readMetadataProps(tinyModel({ metadata })))).toEqual(metadata);
  });

  test.each([
    ['text', new TextEncoder().encode('this is not a model, it is a sentence')],
    ['a truncated file', tinyModel().subarray(0, 1000)],
  ])('calls %s MODEL_INVALID', (_, bytes) => {
    expect(() => readMetadataProps(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });
});

describe('parseMetadata', () => {
  test('turns the strings into values', () => {
    expect(parse({ calibration: '{"temperature":1.5,"threshold":0.4}' })).toEqual({
      name: 'tiny',
      labels: ['neutral', 'calm', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised'],
      sampleRate: 22050,
      windowSec: 4.64,
      trainedOn: 'nothing: fixed random weights',
      licence: 'MIT',
      card: 'A network for tests, of the form of a real one.',
      calibration: { temperature: 1.5, threshold: 0.4 },
      labelMeans: null,
      split: null,
    });
  });

  test('a model need not be calibrated, nor say what it has not seen', () => {
    expect(parse({})).toMatchObject({ calibration: null, split: null });
    expect(parse({ split: '{"protocol":"emobox","fold":"2","testHash":"5e"}' }).split).toEqual({
      protocol: 'emobox',
      fold: '2',
      testHash: '5e',
    });
  });

  test.each([
    ['name', undefined],
    ['licence', ''],
    ['labels', 'angry, sad'],
    ['labels', '["angry"]'],
    ['labels', '["angry","angry"]'],
    ['sampleRate', '22 kHz'],
    ['sampleRate', '-1'],
    ['windowSec', 'Infinity'],
    ['calibration', '{"temperature":0,"threshold":0.5}'],
    ['calibration', '{"temperature":1,"threshold":50}'],
    ['split', '{"protocol":"emobox","testHash":"5e"}'],
    ['split', '{"protocol":"emobox","fold":"2"}'],
  ])('%s: %s is MODEL_INVALID, and the message names the key', (key, value) => {
    expect(() => parse({ [key]: value })).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining(`"${key}`) }),
    );
  });
});
