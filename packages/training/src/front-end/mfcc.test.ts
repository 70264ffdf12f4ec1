import { createRandom, float32, input, Session, writeGraph, type Tensor } from '@mars/autograd';
import { melspectrogram, mfcc, powerToDb, type Matrix } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logMelFrontEnd, mfccFrontEnd, type MfccSettings } from './mfcc.ts';

const SEED: MfccSettings = { sampleRate: 22_050, nMfcc: 40, nMels: 128, nFft: 2048, hopLength: 512 };

function open(settings: MfccSettings): Promise<Session> {
  const waveform = input('waveform', ['batch', 'samples']);
  const build = (frontEnd: (waveform: Tensor, settings: MfccSettings) => Tensor) =>
    frontEnd(waveform, settings);
  const graph = writeGraph({ mfcc: build(mfccFrontEnd), logMel: build(logMelFrontEnd) });
  return Session.create(graph, { threads: 1 });
}

/** A voice-like glide that swells and dies away, with pauses and a little hiss. */
function glide(length: number, { seed = 'glide', peak = 0.4 } = {}): Float32Array {
  const random = createRandom(seed);
  const pitch = random.uniform(0.02, 0.06);
  return new Float32Array(length).map((_, i) => {
    const swell = Math.max(0, Math.sin(i / 4000)) ** 2;
    const tone = Math.sin(pitch * i + 5 * Math.sin(i / 3000)) + 0.5 * Math.sin(3 * pitch * i);
    return peak * (swell * tone + 0.003 * random.normal());
  });
}

/** librosa's layout (features, frames) read time-major, as the graph gives it. */
function timeMajor({ data, shape: [rows, frames] }: Matrix): Float32Array {
  return data.map((_, i) => data[(i % rows) * frames + Math.floor(i / rows)]);
}

function expected(samples: Float32Array, { sampleRate: sr, ...settings }: MfccSettings) {
  return {
    mfcc: timeMajor(mfcc(samples, { sr, ...settings })),
    logMel: timeMajor(powerToDb(melspectrogram(samples, { sr, ...settings }))),
  };
}

/** Greatest distance, in parts of the greatest value. */
function distance(actual: Float32Array, wanted: Float32Array): number {
  expect(actual).toHaveLength(wanted.length);
  const greatest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return actual.reduce((max, value, i) => Math.max(max, Math.abs(value - wanted[i])), 0) / greatest;
}

let session: Session;
beforeAll(async () => {
  session = await open(SEED);
});
afterAll(() => session.dispose());

async function analyse(rows: readonly Float32Array[], by = session) {
  const samples = rows[0].length;
  const waveform = new Float32Array(rows.length * samples);
  for (const [index, row] of rows.entries()) waveform.set(row, index * samples);
  const outputs = await by.run({ waveform: float32(waveform, [rows.length, samples]) });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, dims }]) => {
      const width = data.length / rows.length;
      const perRow = rows.map((_, row) => (data as Float32Array).subarray(row * width, (row + 1) * width));
      return [name, { perRow, dims }];
    }),
  );
}

/** Measured: 6e-5 at the most, in bands that stand at the floor. */
const TOLERANCE = 2e-4;

test.each([1, 100, 511, 512, 513, 2047, 2048, 22_050, 66_151])(
  `%i samples give what @mars/core makes of them, within ${TOLERANCE} of the greatest value`,
  async (length) => {
    const samples = glide(length);
    const { mfcc: coefficients, logMel } = await analyse([samples]);
    const frames = 1 + Math.floor(length / 512);
    expect(coefficients.dims).toEqual([1, frames, 40]);
    expect(logMel.dims).toEqual([1, frames, 128]);
    const wanted = expected(samples, SEED);
    expect(distance(coefficients.perRow[0], wanted.mfcc)).toBeLessThan(TOLERANCE);
    expect(distance(logMel.perRow[0], wanted.logMel)).toBeLessThan(TOLERANCE);
  },
);

test('each recording of a batch counts its 80 dB from its own loudest value', async () => {
  const rows = [
    glide(30_000, { seed: 'loud', peak: 0.9 }),
    new Float32Array(30_000),
    glide(30_000, { seed: 'soft', peak: 1e-4 }),
  ];
  const { mfcc: coefficients, logMel } = await analyse(rows);
  expect(coefficients.dims).toEqual([3, 59, 40]);
  for (const [row, samples] of rows.entries()) {
    const wanted = expected(samples, SEED);
    expect(distance(coefficients.perRow[row], wanted.mfcc)).toBeLessThan(TOLERANCE);
    expect(distance(logMel.perRow[row], wanted.logMel)).toBeLessThan(TOLERANCE);
  }
});

describe('other settings', () => {
  test.each([
    { sampleRate: 16_000, nMfcc: 13, nMels: 64, nFft: 512, hopLength: 160 },
    { sampleRate: 16_000, nMfcc: 64, nMels: 64, nFft: 1024, hopLength: 256 },
    { sampleRate: 8000, nMfcc: 20, nMels: 40, nFft: 256, hopLength: 200 },
    { sampleRate: 22_050, nMfcc: 12, nMels: 24, nFft: 64, hopLength: 96 },
  ])('%j', async (settings) => {
    const other = await open(settings);
    const samples = glide(7321);
    const { mfcc: coefficients, logMel } = await analyse([samples], other);
    await other.dispose();
    const wanted = expected(samples, settings);
    expect(distance(coefficients.perRow[0], wanted.mfcc)).toBeLessThan(TOLERANCE);
    expect(distance(logMel.perRow[0], wanted.logMel)).toBeLessThan(TOLERANCE);
  });

  test.each([
    { nFft: 400, hopLength: 160 },
    { nFft: 32, hopLength: 32 },
    { nFft: 2048, hopLength: 441 },
  ])('%j is CONFIG_INVALID', (framing) => {
    const waveform = input('waveform', ['batch', 'samples']);
    expect(() => mfccFrontEnd(waveform, { ...SEED, ...framing })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('hopLength') }),
    );
  });
});

test('the kernels take no room in the file', () => {
  const waveform = input('waveform', ['batch', 'samples']);
  expect(writeGraph({ mfcc: mfccFrontEnd(waveform, SEED) }).length).toBeLessThan(60_000);
});
