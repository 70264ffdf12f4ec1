import { describe, expect, it } from 'vitest';
import { powerToDb } from './decibel.ts';
import { greatestDifference, readNpy, SIGNALS } from './fixtures/npy.node.ts';
import { hzToMel, melFilterbank, melspectrogram, melToHz } from './mel.ts';
import { stft } from './stft.ts';

/** float32 rounding of powers, in dB: measured 1e-4 at the most. */
const TOLERANCE_DB = 2e-4;

const tones = readNpy('tones.signal').data;

describe('the mel scale', () => {
  it.each([
    [false, 0, 0],
    [false, 1000, 15],
    [false, 6400, 42],
    [true, 700, 2595 * Math.log10(2)],
  ])('htk %s: %d Hz is %d mel, and back', (htk, hz, mel) => {
    expect(hzToMel(hz, htk)).toBeCloseTo(mel, 10);
    expect(melToHz(mel, htk)).toBeCloseTo(hz, 10);
  });
});

describe('melFilterbank', () => {
  it('is librosa.filters.mel within 2e-9, the rounding of the greatest weight', () => {
    const filters = melFilterbank({ sr: 16000, nFft: 512, nMels: 64 });
    const golden = readNpy('mel_filterbank_16000_512_64');
    expect(filters.shape).toEqual(golden.shape);
    expect(greatestDifference(filters.data, golden.data)).toBeLessThan(2e-9);
  });

  it('has triangles of height 1 without norm, which add up to 1 between the first and last peak', () => {
    const { data } = melFilterbank({ sr: 16000, nFft: 2048, nMels: 20, htk: true, norm: null });
    for (let bin = 60; bin < 800; bin++) {
      let sum = 0;
      for (let band = 0; band < 20; band++) sum += data[band * 1025 + bin];
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it('stays between fmin and fmax', () => {
    const { data } = melFilterbank({ nMels: 10, fmin: 300, fmax: 3400 });
    const used = Array.from({ length: 1025 }, (_, bin) => bin).filter((bin) =>
      Array.from({ length: 10 }, (_, band) => data[band * 1025 + bin]).some((weight) => weight > 0),
    );
    expect(used[0]).toBe(Math.ceil((300 * 2048) / 22050));
    expect(used.at(-1)).toBe(Math.floor((3400 * 2048) / 22050));
  });

  it.each([{ nMels: 0 }, { nMels: 2.5 }, { sr: 0 }, { fmin: 5000, fmax: 4000 }, { fmin: -1 }, { fmax: NaN }])(
    'refuses %o',
    (options) => {
      expect(() => melFilterbank(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    },
  );
});

describe('melspectrogram in dB', () => {
  it.each(SIGNALS)(`is librosa's within ${TOLERANCE_DB} dB: %s`, (name) => {
    const db = powerToDb(melspectrogram(readNpy(`${name}.signal`).data));
    const golden = readNpy(`${name}.power_to_db`);
    expect(db.shape).toEqual(golden.shape);
    expect(greatestDifference(db.data, golden.data)).toBeLessThan(TOLERANCE_DB);
  });

  it.each([1, 2, 3])('is the filterbank times the magnitudes to the power of %i', (power) => {
    const options = {
      nFft: 512,
      hopLength: 160,
      winLength: 400,
      power,
      nMels: 30,
      htk: true,
      fmin: 100,
      fmax: 4000,
    };
    const spectra = stft(tones, options);
    const filters = melFilterbank(options);
    const [bins, frames] = spectra.shape;
    const mel = melspectrogram(tones, options);
    expect(mel.shape).toEqual([30, frames]);
    for (const band of [0, 11, 29]) {
      for (const frame of [0, 100, frames - 1]) {
        let sum = 0;
        for (let bin = 0; bin < bins; bin++) {
          const magnitude = Math.hypot(spectra.re[bin * frames + frame], spectra.im[bin * frames + frame]);
          sum += filters.data[band * bins + bin] * magnitude ** power;
        }
        expect(mel.data[band * frames + frame] / sum).toBeCloseTo(1, 5);
      }
    }
  });
});

describe('powerToDb', () => {
  const power = { data: Float32Array.of(10, 1, 0.001, 1e-12, 0), shape: [1, 5] } as const;

  it.each([
    [{}, [10, 0, -30, -70, -70]],
    [{ topDb: null }, [10, 0, -30, -100, -100]],
    [{ ref: 'max' }, [0, -10, -40, -80, -80]],
    [{ ref: 100, topDb: 20 }, [-10, -20, -30, -30, -30]],
    [{ amin: 0.1, topDb: null }, [10, 0, -10, -10, -10]],
  ] as const)('%o', (options, expected) => {
    expect(greatestDifference(powerToDb(power, options).data, expected)).toBeLessThan(1e-5);
  });

  it.each([{ amin: 0 }, { amin: NaN }, { topDb: -1 }])('refuses %o', (options) => {
    expect(() => powerToDb(power, options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
