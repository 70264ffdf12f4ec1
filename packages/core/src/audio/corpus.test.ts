import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeAudio } from './decode.ts';
import { resample } from './resample.ts';

const corpora = process.env.MARS_CORPORA ?? join(import.meta.dirname, '../../../../../shared/corpora');
const originals = join(corpora, 'ravdess-original');
const present = existsSync(originals);
if (!present) console.warn(`skipped: no RAVDESS at ${corpora}; set MARS_CORPORA to test on real recordings`);

describe.skipIf(!present)('RAVDESS originals (48 kHz WAV) and the same clips as 24 kHz FLAC', () => {
  test('are the same sound after resampling', async () => {
    const names = (await readdir(originals)).filter((name) => name.endsWith('.wav'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const actor = name.slice(-6, -4);
      const kind = name.startsWith('03-02') ? 'song' : 'speech';
      const flac = join(corpora, 'ravdess', kind, `Actor_${actor}`, name.replace('.wav', '.flac'));
      const [original, copy] = await Promise.all(
        [join(originals, name), flac].map(async (path) => decodeAudio(await readFile(path))),
      );
      expect([original.sampleRate, copy.sampleRate]).toEqual([48_000, 24_000]);
      const [a, b] = [original, copy].map(({ samples, sampleRate }) => resample(samples, sampleRate, 16_000));
      expect(Math.abs(a.length - b.length)).toBeLessThanOrEqual(1);
      expect(similarityDb(a, b)).toBeGreaterThan(30);
    }
  });
});

/** Energy of the one over that of the difference, dB. */
function similarityDb(a: Float32Array, b: Float32Array): number {
  let [signal, noise] = [0, 0];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    signal += a[i] ** 2;
    noise += (a[i] - b[i]) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}
