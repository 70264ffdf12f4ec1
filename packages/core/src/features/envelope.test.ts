import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rms, trim, zeroCrossingRate } from './envelope.ts';
import { readNpy, SIGNALS } from './fixtures/npy.node.ts';

interface Golden {
  frames: number;
  trim_top_db_30: [number, number];
  rms_mean: number;
  zcr_mean: number;
}

const golden = JSON.parse(readFileSync(new URL('fixtures/index.json', import.meta.url), 'utf8')) as Record<
  string,
  Golden
>;

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(SIGNALS)('%s', (name) => {
  const samples = readNpy(`${name}.signal`).data;

  it("has librosa's rms, relative tolerance 1e-6", () => {
    const { data, shape } = rms(samples);
    expect(shape).toEqual([1, golden[name].frames]);
    expect(Math.abs(mean(data) / golden[name].rms_mean - 1)).toBeLessThan(1e-6);
  });

  it("has librosa's zero-crossing rate, tolerance 1e-7", () => {
    const { data, shape } = zeroCrossingRate(samples);
    expect(shape).toEqual([1, golden[name].frames]);
    expect(Math.abs(mean(data) - golden[name].zcr_mean)).toBeLessThan(1e-7);
  });

  it('is trimmed where librosa trims it, and the result is a view', () => {
    const [start, end] = golden[name].trim_top_db_30;
    const trimmed = trim(samples, { topDb: 30 });
    expect(trimmed).toMatchObject({ start, end });
    expect(trimmed.samples.buffer).toBe(samples.buffer);
    expect(trimmed.samples).toHaveLength(end - start);
  });
});

it('rms of a frame is what it says', () => {
  const ramp = Float32Array.of(1, 2, 3, 4, 5, 6);
  const expected = [Math.sqrt((1 + 4 + 9 + 16) / 4), Math.sqrt((9 + 16 + 25 + 36) / 4)];
  const { data } = rms(ramp, { frameLength: 4, hopLength: 2, center: false });
  expect(data[0]).toBeCloseTo(expected[0], 6);
  expect(data[1]).toBeCloseTo(expected[1], 6);
});

it('zero and what is as good as zero count as positive, and the first sample of a frame never counts', () => {
  const frame = { frameLength: 5, hopLength: 5, center: false };
  expect(zeroCrossingRate(Float32Array.of(-1, 0, -1e-11, -1, 1), frame).data[0]).toBeCloseTo(3 / 5, 6);
  expect(zeroCrossingRate(Float32Array.of(-1, -1, -1, -1, -1), frame).data[0]).toBe(0);
});

it('a silent recording comes back whole', () => {
  expect(trim(new Float32Array(5000))).toMatchObject({ start: 0, end: 5000 });
});

it.each([
  [() => rms(new Float32Array(0)), 'AUDIO_EMPTY'],
  [() => trim(Float32Array.of(NaN)), 'AUDIO_NOT_FINITE'],
  [() => zeroCrossingRate(new Float32Array(9), { center: false }), 'AUDIO_TOO_SHORT'],
  [() => rms(new Float32Array(9), { hopLength: 0 }), 'CONFIG_INVALID'],
  [() => trim(new Float32Array(9), { topDb: 0 }), 'CONFIG_INVALID'],
])('refuses case %#', (act, code) => {
  expect(act).toThrow(expect.objectContaining({ code }));
});
