import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realFft } from './fft.ts';
import { greatestDifference } from './fixtures/npy.node.ts';

/** The definition, in the order of the definition. */
function naiveDft(x: Float64Array): { re: Float64Array; im: Float64Array } {
  const re = new Float64Array(x.length / 2 + 1);
  const im = new Float64Array(x.length / 2 + 1);
  for (let k = 0; k < re.length; k++) {
    for (let n = 0; n < x.length; n++) {
      const angle = (2 * Math.PI * ((k * n) % x.length)) / x.length;
      re[k] += x[n] * Math.cos(angle);
      im[k] -= x[n] * Math.sin(angle);
    }
  }
  return { re, im };
}

const signals = (size: number) =>
  fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: size, maxLength: size })
    .map((values) => Float64Array.from(values));

describe.each([8, 16, 32, 64, 128, 256, 512, 2048])('an FFT of %i points', (size) => {
  const fft = realFft(size);
  const re = new Float64Array(size / 2 + 1);
  const im = new Float64Array(size / 2 + 1);
  const runs = { numRuns: size > 256 ? 2 : 20 };

  it('is the naive DFT within 1e-11', () => {
    fc.assert(
      fc.property(signals(size), (x) => {
        fft.forward(x, re, im);
        const expected = naiveDft(x);
        expect(greatestDifference(re, expected.re)).toBeLessThan(1e-11);
        expect(greatestDifference(im, expected.im)).toBeLessThan(1e-11);
      }),
      runs,
    );
  });

  it('gives the power that its bins have', () => {
    fc.assert(
      fc.property(signals(size), (x) => {
        fft.forward(x, re, im);
        const power = new Float64Array(size / 2 + 1);
        fft.powerSpectrum(x, power);
        expect(
          greatestDifference(
            power,
            re.map((value, k) => value * value + im[k] * im[k]),
          ),
        ).toBeLessThan(1e-10);
      }),
      runs,
    );
  });

  it('comes back by its inverse within 1e-14', () => {
    fc.assert(
      fc.property(signals(size), (x) => {
        fft.forward(x, re, im);
        const back = new Float64Array(size);
        fft.inverse(re, im, back);
        expect(greatestDifference(back, x)).toBeLessThan(1e-14);
      }),
      runs,
    );
  });
});

it.each([0, 1, 2, 4, 12, 1000, 2049, NaN, Infinity])('refuses %d points', (size) => {
  expect(() => realFft(size)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
