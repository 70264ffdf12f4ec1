import { join } from 'node:path';
import { createRandom, float32, input, Session, writeGraph } from '@mars/autograd';
import { resample } from '@mars/core';
import { describe, expect, test } from 'vitest';
import { greatestDifference, readNpy } from '../../../core/src/features/fixtures/npy.node.ts';
import { yamnetLogMel } from './yamnet-log-mel.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const SPEEDS = [0.5, 0.9, 1, 1.0125, 1.1, 2];

async function logMel(samples: Float32Array, speed?: number) {
  const spectrogram = yamnetLogMel(input('waveform', ['batch', 'samples']), { speed });
  const session = await Session.create(writeGraph({ spectrogram }), { threads: 1 });
  const results = await session.run({ waveform: float32(samples, [1, samples.length]) });
  await session.dispose();
  return results['spectrogram'];
}

/** YAMNet's definition, literally: frames, transform, triangles, one after the other, in 64-bit floats. */
function oracle(samples: Float32Array): number[] {
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
  const corner = (i: number) => mel(125) + (i * (mel(7500) - mel(125))) / 65;
  const result: number[] = [];
  for (let start = 0; start + 400 <= samples.length; start += 160) {
    const bands = new Float64Array(64);
    for (let k = 0; k <= 256; k += 1) {
      let [real, imaginary] = [0, 0];
      for (let n = 0; n < 400; n += 1) {
        const windowed = samples[start + n] * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400));
        real += windowed * Math.cos((2 * Math.PI * k * n) / 512);
        imaginary -= windowed * Math.sin((2 * Math.PI * k * n) / 512);
      }
      for (let band = 0; band < 64; band += 1) {
        const [left, peak, right] = [corner(band), corner(band + 1), corner(band + 2)];
        const at = mel((k * 16_000) / 512);
        const weight = Math.max(0, Math.min((at - left) / (peak - left), (right - at) / (right - peak)));
        bands[band] += weight * Math.hypot(real, imaginary);
      }
    }
    result.push(...bands.map((energy) => Math.log(energy + 0.001)));
  }
  return result;
}

test("is YAMNet's", async () => {
  const { data, dims } = await logMel(readNpy('yamnet.waveform', FIXTURES).data);
  const golden = readNpy('yamnet.logmel', FIXTURES);
  expect(dims).toEqual([1, 1, ...golden.shape]);
  expect(greatestDifference(data as Float32Array, golden.data)).toBeLessThan(1e-4);
});

test('is its definition', async () => {
  const random = createRandom('noise');
  const samples = new Float32Array(1200).map(() => 0.1 * random.normal());
  const { data } = await logMel(samples);
  expect(greatestDifference(data as Float32Array, oracle(samples))).toBeLessThan(1e-4);
});

describe('a speed', () => {
  /** Swelling tones, none above 0.35 of 16 kHz, where no resampling filter reaches. */
  const tones = new Float32Array(24_000).map((_, i) =>
    [0.011, 0.037, 0.083, 0.14, 0.17]
      .map((frequency, k) => 0.1 * Math.sin(2 * Math.PI * frequency * i) * Math.sin((i * (k + 1)) / 9000))
      .reduce((sum, tone) => sum + tone, 0),
  );

  test.each(SPEEDS)('of %d is what resampling gives', async (speed) => {
    const direct = await logMel(tones, speed);
    const played = resample(tones, Math.round(16_000 * speed), 16_000);
    const resampled = await logMel(played);
    expect(direct.dims).toEqual(resampled.dims);
    // At the ends the resampling filter hears the silence outside the recording.
    const energies = ({ data }: typeof direct) => (data as Float32Array).slice(128, -128).map(Math.exp);
    const [ours, theirs] = [energies(direct), energies(resampled)];
    expect(greatestDifference(ours, theirs)).toBeLessThan(2e-3 * Math.max(...theirs));
  });

  test.each([0.4, 2.1, 0.905, NaN])('of %d is refused', (speed) => {
    expect(() => yamnetLogMel(input('waveform', ['batch', 'samples']), { speed })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
