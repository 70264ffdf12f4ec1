import type { Audio } from '@mars/core';
import { expect, test, vi } from 'vitest';
import { recordingChanges } from './changes.ts';

const sampleRate = 44_100;
const tone = (frequencyHz: number) =>
  Float32Array.from(
    { length: sampleRate },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * frequencyHz * i) / sampleRate),
  );
const power = ({ samples }: Audio) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
const decibels = (ratio: number) => 10 * Math.log10(ratio);
const voice: Audio = { samples: tone(440), sampleRate };

const changes = new Map((await recordingChanges()).map(({ name, apply }) => [name, apply]));
const after = (name: string, recording: Audio = voice) => changes.get(name)!(recording, 'clip 7');

test('quieter by 10 dB', async () => {
  expect(decibels(power(await after('10 dB quieter')) / power(voice))).toBeCloseTo(-10, 1);
});

test('of a telephone band what lies below 4 kHz arrives, at 8 kHz', async () => {
  const { samples, sampleRate: rate } = await after('telephone band, 8 kHz');
  expect([rate, samples.length]).toEqual([8000, 8000]);
  expect(decibels(power({ samples, sampleRate: rate }) / power(voice))).toBeCloseTo(0, 1);
  const high = { samples: tone(6000), sampleRate };
  expect(decibels(power(await after('telephone band, 8 kHz', high)) / power(high))).toBeLessThan(-30);
});

test('noise of a hundredth of the power, the same each time for one clip', async () => {
  const noisy = await after('noise at 20 dB');
  const clean = await after('10 dB quieter');
  const noise = noisy.samples.map((x, i) => x - clean.samples[i] * 10 ** 0.5);
  expect(decibels(power(clean) / power({ ...clean, samples: noise }))).toBeCloseTo(10, 0);
  expect(await after('noise at 20 dB')).toEqual(noisy);
});

test('without ffmpeg the codecs are left out', async () => {
  vi.stubEnv('PATH', '');
  try {
    expect((await recordingChanges()).map(({ name }) => name)).toEqual(
      [...changes.keys()].filter((name) => !name.includes('kbit')),
    );
  } finally {
    vi.unstubAllEnvs();
  }
});

test.runIf(changes.size > 3).each(['Opus, 24 kbit/s', 'MP3, 64 kbit/s'])(
  '%s: about the same, and not quite',
  async (name) => {
    const { samples, sampleRate: rate } = await after(name);
    expect(samples.length / rate).toBeCloseTo(1, 0);
    const relative = decibels(power({ samples, sampleRate: rate }) / power(voice));
    expect(Math.abs(relative)).toBeLessThan(2);
    expect(relative).not.toBe(0);
  },
);
