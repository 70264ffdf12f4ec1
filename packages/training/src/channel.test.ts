import { createRandom } from '@mars/autograd/random';
import { describe, expect, test } from 'vitest';
import { addRoom, changeGain, equalise, OCTAVES_HZ, telephone } from './channel.ts';

const sampleRate = 16_000;
const tone = (frequencyHz: number, amplitude = 0.5) =>
  Float32Array.from(
    { length: sampleRate },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRate),
  );
const power = (samples: Float32Array) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
const decibels = (ratio: number) => 10 * Math.log10(ratio);

test.each([-20, 0, 6])('a gain of %d dB', (gainDb) => {
  expect(decibels(power(changeGain(tone(440), gainDb)) / power(tone(440)))).toBeCloseTo(gainDb, 3);
});

describe('a room', () => {
  const click = new Float32Array(2 * sampleRate);
  click[0] = 1;

  test.each([0.3, 0.8])('of %d s: its echo falls by 60 dB in that time', (reverberationSec) => {
    const echo = addRoom(click, { sampleRate, reverberationSec, wetness: 1 });
    const around = (sec: number) => {
      const middle = Math.round(sec * sampleRate);
      return power(echo.subarray(middle - 800, middle + 800));
    };
    const fallDb = decibels(around(0.2) / around(0.2 + reverberationSec / 2));
    expect(fallDb).toBeGreaterThan(24);
    expect(fallDb).toBeLessThan(36);
  });

  test('with no wetness is none', () => {
    expect(addRoom(tone(440), { sampleRate, reverberationSec: 0.5, wetness: 0 })).toEqual(tone(440));
  });

  test('keeps a voice about as loud as it was', () => {
    const random = createRandom('room');
    const noise = Float32Array.from({ length: 3 * sampleRate }, () => 0.1 * random.normal());
    const heard = addRoom(noise, { sampleRate, reverberationSec: 0.5, wetness: 0.5 });
    expect(Math.abs(decibels(power(heard) / power(noise)))).toBeLessThan(8);
  });
});

describe('an equaliser', () => {
  const gainsDb = [6, 0, -12, 3, 0, 0, 0];

  test.each(OCTAVES_HZ.slice(0, 6).map((frequencyHz, i) => [frequencyHz, gainsDb[i]]))(
    'changes %d Hz by %d dB',
    (frequencyHz, gainDb) => {
      const heard = equalise(tone(frequencyHz), { sampleRate, gainsDb });
      expect(heard).toHaveLength(sampleRate);
      const middle = (samples: Float32Array) => power(samples.subarray(2000, -2000));
      expect(decibels(middle(heard) / middle(tone(frequencyHz)))).toBeCloseTo(gainDb, 0);
    },
  );

  test('between two octaves what lies between their gains, beyond the first its own', () => {
    const changed = (frequencyHz: number) =>
      decibels(power(equalise(tone(frequencyHz), { sampleRate, gainsDb })) / power(tone(frequencyHz)));
    expect(changed(500 * Math.SQRT2)).toBeCloseTo(-4.5, 0);
    expect(changed(60)).toBeCloseTo(6, 0);
  });

  test('with no gains leaves a voice as it is', () => {
    const heard = equalise(tone(440), { sampleRate, gainsDb: OCTAVES_HZ.map(() => 0) });
    expect(Math.max(...heard.map((x, i) => Math.abs(x - tone(440)[i])))).toBeLessThan(1e-5);
  });
});

describe('a telephone', () => {
  test('keeps what lies below 4 kHz, within the noise of 8 bits, at any level', () => {
    for (const amplitude of [0.5, 0.01]) {
      const voice = tone(1000, amplitude);
      const heard = telephone(voice, { sampleRate });
      const error = voice.map((x, i) => heard[i] - x).subarray(400, -400);
      const noiseDb = decibels(power(error) / power(voice));
      expect(noiseDb).toBeLessThan(-30);
      expect(noiseDb).toBeGreaterThan(-60);
    }
  });

  test('takes away what lies above', () => {
    const high = tone(6000);
    const mixed = tone(1000).map((x, i) => x + high[i]);
    const heard = telephone(mixed, { sampleRate });
    expect(decibels(power(heard) / power(mixed))).toBeCloseTo(-3, 0);
  });

  test('of silence is silent', () => {
    expect(telephone(new Float32Array(100), { sampleRate })).toEqual(new Float32Array(100));
  });
});
