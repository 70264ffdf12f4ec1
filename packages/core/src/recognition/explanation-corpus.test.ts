import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeAudio } from '../audio/decode.ts';
import { resample } from '../audio/resample.ts';
import type { StretchContribution } from './explanation.ts';
import { stretchRemover } from './occlusion.ts';
import { loadRecogniser } from './recogniser.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const corpora = process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora');
const speech = join(corpora, 'ravdess/speech');
const present = existsSync(speech);
if (!present) console.warn(`skipped: no RAVDESS at ${corpora}; set MARS_CORPORA to test on real recordings`);

/** Of the time. */
const REMOVED = 0.3;

/** One sentence by every actor, the emotions in turn: of a few clips alone, one decides. */
const CLIPS = Array.from({ length: 24 }, (_, index) => {
  const [actor, emotion] = [index + 1, ((5 * index) % 8) + 1].map((number) =>
    String(number).padStart(2, '0'),
  );
  return `Actor_${actor}/03-01-${emotion}-01-01-01-${actor}.flac`;
});

describe.skipIf(!present)('of RAVDESS clips', () => {
  test('the score rests on the stretches that contribute most', async () => {
    await using recogniser = await loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx')));
    const { sampleRate } = recogniser.metadata;
    const lost = { most: 0, least: 0, any: 0 };
    for (const [index, name] of CLIPS.entries()) {
      const audio = await decodeAudio(await readFile(join(speech, name)));
      const samples = resample(audio.samples, audio.sampleRate, sampleRate);
      const recording = { samples, sampleRate };
      const { explanation } = await recogniser.explain(recording, { assumeSpeech: true, bands: 0 });
      const { emotion, score, stretches } = explanation!;

      const without = async (removed: readonly StretchContribution[]): Promise<number> => {
        let rest = samples;
        for (const { startSec, endSec } of removed) {
          const [start, end] = [startSec, endSec].map((seconds) => Math.round(seconds * sampleRate));
          rest = stretchRemover(rest, { sampleRate })({ start, end });
        }
        const { scores } = await recogniser.classify({ ...recording, samples: rest }, { assumeSpeech: true });
        return score - scores.find(({ label }) => label === emotion)!.score;
      };
      const count = Math.round(REMOVED * stretches.length);
      const byContribution = stretches.toSorted((a, b) => b.contribution - a.contribution);
      lost.most += (await without(byContribution.slice(0, count))) / CLIPS.length;
      lost.least += (await without(byContribution.slice(-count))) / CLIPS.length;
      // Every third: some speech, some silence.
      const any = Array.from({ length: count }, (_, i) => stretches[(index + 3 * i) % stretches.length]);
      lost.any += (await without(any)) / CLIPS.length;
    }
    expect(lost.most).toBeGreaterThan(lost.any + 0.2);
    expect(lost.any).toBeGreaterThan(lost.least + 0.05);
    expect(Math.abs(lost.least)).toBeLessThan(0.1);
  });
});
