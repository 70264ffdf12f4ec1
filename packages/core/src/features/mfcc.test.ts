import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dct } from './dct.ts';
import { greatestDifference, readNpy, RECORDINGS, RECORDINGS_FOLDER, SIGNALS } from './fixtures/npy.node.ts';
import { mfcc } from './mfcc.ts';

/** float32 rounding of coefficients of up to 1000: measured 1.3e-4 at the most. */
const TOLERANCE = 5e-4;

describe('mfcc', () => {
  it.each(SIGNALS)(`is librosa's within ${TOLERANCE}: %s`, (name) => {
    const result = mfcc(readNpy(`${name}.signal`).data, { nMfcc: 40 });
    const golden = readNpy(`${name}.mfcc40`);
    expect(result.shape).toEqual(golden.shape);
    expect(greatestDifference(result.data, golden.data)).toBeLessThan(TOLERANCE);
  });

  it.skipIf(RECORDINGS_FOLDER === undefined).each(RECORDINGS)(
    `is librosa's within ${TOLERANCE}: RAVDESS %s (skipped where the reference numbers beside the corpora are missing)`,
    (name) => {
      const result = mfcc(readNpy(`${name}.y22050`, RECORDINGS_FOLDER).data, { nMfcc: 40 });
      const golden = readNpy(`${name}.mfcc40`, RECORDINGS_FOLDER);
      expect(result.shape).toEqual(golden.shape);
      expect(greatestDifference(result.data, golden.data)).toBeLessThan(TOLERANCE);
    },
  );

  it('takes one sample, and silence', () => {
    expect(mfcc(Float32Array.of(0.5)).shape).toEqual([20, 1]);
    const silence = mfcc(new Float32Array(2048), { nMfcc: 3 });
    // -100 dB in each of 128 bands: -100 · √128, and nothing in the other coefficients.
    expect(
      greatestDifference(silence.data.subarray(0, 5), Array(5).fill(-100 * Math.sqrt(128))),
    ).toBeLessThan(1e-3);
    expect(greatestDifference(silence.data.subarray(5), Array(10).fill(0))).toBeLessThan(1e-3);
  });

  it.each([
    [new Float32Array(0), {}, 'AUDIO_EMPTY'],
    [Float32Array.of(1, NaN, 1), {}, 'AUDIO_NOT_FINITE'],
    [new Float32Array(9), { nMfcc: 0 }, 'CONFIG_INVALID'],
    [new Float32Array(9), { nMfcc: 41, nMels: 40 }, 'CONFIG_INVALID'],
    [new Float32Array(9), { nFft: 400 }, 'CONFIG_INVALID'],
  ])('refuses case %#', (samples, options, code) => {
    expect(() => mfcc(samples, options)).toThrow(expect.objectContaining({ code }));
  });
});

it('dct is the definition, for any number of rows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 96 }),
      fc.integer({ min: 1, max: 96 }),
      fc.nat(),
      (rows, wanted, seed) => {
        const count = Math.min(rows, wanted);
        const data = Float32Array.from({ length: rows * 2 }, (_, i) => Math.sin(seed + i * i));
        const expected = Array.from({ length: count * 2 }, (_, at) => {
          const [k, column] = [Math.floor(at / 2), at % 2];
          let sum = 0;
          for (let n = 0; n < rows; n++) {
            sum += data[2 * n + column] * Math.cos((Math.PI * k * (2 * n + 1)) / (2 * rows));
          }
          return sum * Math.sqrt((k === 0 ? 1 : 2) / rows);
        });
        expect(greatestDifference(dct({ data, shape: [rows, 2] }, count).data, expected)).toBeLessThan(1e-6);
      },
    ),
  );
});
