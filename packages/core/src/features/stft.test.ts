import { describe, expect, it } from 'vitest';
import { greatestDifference, readNpy } from './fixtures/npy.node.ts';
import { istft } from './istft.ts';
import { stft } from './stft.ts';
import { hannWindow } from './window.ts';

const chirp = readNpy('chirp.signal').data;

it('has the Hann window of scipy, within float32 rounding', () => {
  expect(greatestDifference(hannWindow(2048), readNpy('hann_2048_periodic').data)).toBeLessThan(6e-8);
});

describe('stft', () => {
  it.each([
    ['constant', [0, 0, 0, 0, 1, 2, 3, 4]],
    ['edge', [1, 1, 1, 1, 1, 2, 3, 4]],
    ['reflect', [5, 4, 3, 2, 1, 2, 3, 4]],
  ] as const)('pads the first frame with padMode %s as numpy.pad does', (padMode, frame) => {
    const { re, im, shape } = stft(Float32Array.of(1, 2, 3, 4, 5), { nFft: 8, padMode });
    expect(shape).toEqual([5, 3]);
    const window = hannWindow(8);
    for (let k = 0; k < 5; k++) {
      let [expectedRe, expectedIm] = [0, 0];
      for (let n = 0; n < 8; n++) {
        expectedRe += window[n] * frame[n] * Math.cos((2 * Math.PI * k * n) / 8);
        expectedIm -= window[n] * frame[n] * Math.sin((2 * Math.PI * k * n) / 8);
      }
      expect(re[k * 3]).toBeCloseTo(expectedRe, 5);
      expect(im[k * 3]).toBeCloseTo(expectedIm, 5);
    }
  });

  it('reflects as often as it must when the recording is shorter than the padding', () => {
    expect(() => stft(Float32Array.of(1, 2), { nFft: 64, padMode: 'reflect' })).not.toThrow();
    expect(stft(Float32Array.of(1), { nFft: 64, padMode: 'reflect' }).re[0]).toBeCloseTo(32, 5);
  });

  it('begins at the first sample without center, and then needs one whole frame', () => {
    expect(stft(chirp.subarray(0, 2048), { center: false }).shape).toEqual([1025, 1]);
    expect(() => stft(chirp.subarray(0, 2047), { center: false })).toThrow(
      expect.objectContaining({ code: 'AUDIO_TOO_SHORT' }),
    );
  });

  it('steps by a quarter of the window unless told', () => {
    expect(stft(chirp.subarray(0, 1000), { nFft: 512, winLength: 400 }).shape).toEqual([257, 11]);
  });

  it.each([
    [new Float32Array(0), {}, 'AUDIO_EMPTY'],
    [Float32Array.of(0, NaN), {}, 'AUDIO_NOT_FINITE'],
    [Float32Array.of(0, -Infinity), {}, 'AUDIO_NOT_FINITE'],
    [chirp, { nFft: 1000 }, 'CONFIG_INVALID'],
    [chirp, { nFft: 512, winLength: 513 }, 'CONFIG_INVALID'],
    [chirp, { hopLength: 0 }, 'CONFIG_INVALID'],
    [chirp, { hopLength: 1.5 }, 'CONFIG_INVALID'],
  ])('refuses case %#', (samples, options, code) => {
    expect(() => stft(samples, options)).toThrow(expect.objectContaining({ code }));
  });
});

describe('istft', () => {
  it.each([{}, { nFft: 512 }, { nFft: 512, winLength: 400, hopLength: 160 }, { nFft: 1024, hopLength: 512 }])(
    'gives the samples back within 2e-6, %o',
    (options) => {
      const back = istft(stft(chirp, options), { ...options, length: chirp.length });
      expect(greatestDifference(back, chirp)).toBeLessThan(2e-6);
    },
  );

  it('holds as many samples as its frames unless told', () => {
    expect(istft(stft(chirp)).length).toBe(512 * 107);
    expect(istft(stft(chirp, { center: false }), { center: false }).length).toBe(2048 + 512 * 103);
  });

  it('cuts, and fills with zeros', () => {
    const spectra = stft(chirp);
    expect(istft(spectra, { length: 100 })).toEqual(istft(spectra).subarray(0, 100));
    const long = istft(spectra, { length: 60_000 });
    expect(long.subarray(57_344).every((sample) => sample === 0)).toBe(true);
  });
});
