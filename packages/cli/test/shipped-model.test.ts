import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jsonLines, mars } from './mars.ts';

/** The model that `mars classify` takes when none is named, on recordings. */
const ROOT = join(import.meta.dirname, '../../..');
const CORPORA = process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora');
const ORIGINALS = join(CORPORA, 'ravdess-original');
const FLACS = join(CORPORA, 'ravdess/speech');
const present = existsSync(ORIGINALS) && existsSync(FLACS);
if (!present) console.warn(`skipped: no RAVDESS at ${CORPORA}; set MARS_CORPORA to test on real recordings`);

test('classifies the samples', async () => {
  const { status, stdout } = await mars(['classify', '--json', 'samples'], { cwd: ROOT });
  expect(status).toBe(0);
  const lines = jsonLines(stdout);
  expect(lines).toHaveLength(7);
  for (const { verdict, scores = [] } of lines) {
    expect(['emotion', 'uncertain']).toContain(verdict);
    expect(scores).toHaveLength(8);
  }
});

describe.skipIf(!present)(
  'real recordings: 48 kHz WAVs, one of them stereo, and the same clips as 24 kHz FLAC',
  () => {
    // The FLACs were rounded to 16 bits once more, which lies 50 dB below these quiet voices: `transfer` brings the peak to
    // one level first and hears it, as far as a tie may fall the other way.
    test.each([
      ['seed', 0.02],
      ['transfer', 0.1],
    ])('%s: scores within %d, and the same label but for ties', async (model, tolerance) => {
      const wavs = globSync(join(ORIGINALS, '*.wav')).toSorted();
      const flacs = wavs.map((wav) => {
        const name = basename(wav, '.wav');
        return join(FLACS, `Actor_${name.slice(-2)}`, `${name}.flac`);
      });
      const { status, stdout } = await mars(['classify', '--json', '--model', model, ...wavs, ...flacs], {
        cwd: ROOT,
      });
      expect(status).toBe(0);
      const lines = jsonLines(stdout);
      expect(lines).toHaveLength(2 * wavs.length);
      for (const [index, wav] of lines.slice(0, wavs.length).entries()) {
        const flac = lines[wavs.length + index];
        const [first, second] = wav.scores ?? [];
        const tied = first.score - second.score < tolerance;
        expect(tied || flac.emotion === wav.emotion, `${wav.file}: ${flac.emotion}`).toBe(true);
        const scoreOf = new Map(flac.scores?.map(({ label, score }) => [label, score]));
        for (const { label, score } of wav.scores ?? []) {
          expect(Math.abs(score - scoreOf.get(label)!), `${wav.file} ${label}`).toBeLessThan(tolerance);
        }
      }
    });
  },
);
