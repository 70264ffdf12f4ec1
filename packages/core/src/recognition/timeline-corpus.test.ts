import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isFound, joinSegments, stitch } from '../../test/stitched.ts';
import { decodeAudio } from '../audio/decode.ts';
import { loadRecogniser } from './recogniser.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const corpora = process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora');
const speech = join(corpora, 'ravdess/speech');
const present = existsSync(speech);
if (!present) console.warn(`skipped: no RAVDESS at ${corpora}; set MARS_CORPORA to test on real recordings`);

/** They served to choose one default of utterances, minSilenceSec, and no other. */
const ACTORS = ['05', '12', '18', '23'];
const CLIPS = 80;

describe.skipIf(!present)('RAVDESS clips with silences between them', () => {
  test('are found one by one, to 0.3 s', async () => {
    const folders = ACTORS.map((actor) => join(speech, `Actor_${actor}`));
    const files = (
      await Promise.all(
        folders.map(async (folder) => (await readdir(folder)).toSorted().map((name) => join(folder, name))),
      )
    ).flat();
    // Every third: all emotions, sentences and intensities come up.
    const clips = [];
    for (let i = 0; i < CLIPS; i++)
      clips.push(await decodeAudio(await readFile(files[(3 * i) % files.length])));
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const { audio, utterances } = stitch(clips, { sampleRate: 16_000, random });

    await using recogniser = await loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx')));
    const { segments } = await recogniser.timeline(audio);
    const found = joinSegments(segments);
    const known = utterances.filter((utterance) => utterance !== undefined);
    expect(known.length).toBeGreaterThan(0.9 * CLIPS);
    const right = known.filter((utterance) => isFound(utterance, found));
    expect(right.length / known.length).toBeGreaterThanOrEqual(0.9);
  });
});
