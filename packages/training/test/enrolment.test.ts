import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMOTIONS, encodeWav, loadRecogniser, type Recogniser, type Verdict } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyMetadata, tinyModel } from '../../core/test/tiny-model.ts';
import { readBytes, type Clip } from '../src/corpora/clip.ts';
import { predictFold, testModel, type Prediction } from '../src/evaluate.ts';
import { runExperiment } from '../src/experiment.ts';
import { sumUp } from '../src/experiment-report.ts';
import { hashTestPart, type Fold } from '../src/splits/fold.ts';
import { splitClips } from '../src/splits/protocols.ts';
import { ravdess } from './clips.ts';
import { sing, tinyConfig } from './synthetic-corpus.ts';

let folder: string;
let clips: Clip[];
let recogniser: Recogniser;

/** Two clips of each emotion of two women and men; only those whom the first fold tests can be heard. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-enrolment-'));
  clips = ravdess
    .filter(
      ({ channel, intensity, statement }) =>
        channel === 'speech' && intensity === 'normal' && statement === 'kids',
    )
    .filter(({ speaker }) => ['Actor_01', 'Actor_20', 'Actor_04', 'Actor_08', 'Actor_09'].includes(speaker))
    .map((clip) => ({ ...clip, file: join(folder, clip.id) }));
  for (const { file, id, speaker, emotion } of emobox().test) {
    await writeFile(file, encodeWav(sing(id, Number(speaker.slice(-2)), EMOTIONS.indexOf(emotion))));
  }
  recogniser = await loadRecogniser(tinyModel());
});
afterAll(async () => {
  await recogniser.dispose();
  await rm(folder, { recursive: true, force: true });
});

const emobox = () => splitClips(clips, 'emobox')[0];
const spokenBy = (speaker: string) => (clip: { speaker: string }) => clip.speaker === speaker;
const scoresOf = ({ scores }: Verdict) =>
  recogniser.metadata.labels.map((label) => scores.find((score) => score.label === label)!.score);

/** What a recogniser says of one clip when it knows these clips of the speaker. */
async function hear(clip: Clip, known: readonly Clip[], isLabelled: boolean): Promise<number[]> {
  const heard = known.map(async ({ file, emotion }) => ({
    recording: await readBytes(file),
    emotion: isLabelled ? emotion : undefined,
  }));
  const profile = known.length > 0 ? await recogniser.calibrate(await Promise.all(heard)) : undefined;
  return scoresOf(await recogniser.classify(await readBytes(clip.file), { profile, assumeSpeech: true }));
}

test.each(['enrol-1', 'enrol-neutral-1', 'enrol-unlabelled-4'] as const)(
  '%s: each clip is heard with its own speaker’s profile, and without',
  async (protocol) => {
    const [fold] = splitClips(clips, protocol);
    const { predictions, failures } = await predictFold(recogniser, fold);
    expect(failures).toEqual([]);
    expect(predictions.map(({ id }) => id)).toEqual(fold.test.map(({ id }) => id));
    for (const speaker of ['Actor_01', 'Actor_20']) {
      const index = fold.test.findIndex(spokenBy(speaker));
      const own = fold.enrolment!.filter(spokenBy(speaker));
      const isLabelled = protocol !== 'enrol-unlabelled-4';
      const { scores, withoutProfile } = predictions[index];
      expect(scores).toEqual(await hear(fold.test[index], own, isLabelled));
      expect(withoutProfile!.scores).toEqual(await hear(fold.test[index], [], false));
      expect(scores).not.toEqual(withoutProfile!.scores);
    }
  },
);

test('of a room: each clip is heard with one profile of all that was enrolled', async () => {
  const [within] = splitClips(clips, 'emobox');
  const [one, two] = ['Actor_01', 'Actor_20'].map((speaker) => within.test.filter(spokenBy(speaker)));
  const enrolment = [...one.slice(0, 3), ...two.slice(0, 2)];
  const test = [one[4], two[4]];
  const { predictions } = await predictFold(recogniser, { test, enrolment, enrolmentShared: true });
  for (const [index, clip] of test.entries()) {
    expect(predictions[index].scores).toEqual(await hear(clip, enrolment, false));
  }
});

/** The fold with nothing usable in these files. */
function spoil({ enrolment, ...fold }: Fold, isSpoilt: (clip: Clip) => boolean): Fold {
  const spoilt = enrolment!.map((clip) => (isSpoilt(clip) ? { ...clip, file: `${clip.file}.gone` } : clip));
  return { ...fold, enrolment: spoilt };
}

test('what cannot be used of an enrolment is a failure, and the profile is learnt from the rest', async () => {
  const [fold] = splitClips(clips, 'enrol-1');
  const lost = fold.enrolment!.filter(spokenBy('Actor_01')).slice(2, 4);
  const heard: number[] = [];
  const { predictions, failures } = await predictFold(
    recogniser,
    spoil(fold, (clip) => lost.includes(clip)),
    { onProgress: (done) => heard.push(done) },
  );
  expect(failures.map(({ clip }) => clip.id)).toEqual(lost.map(({ id }) => id));
  expect(failures[0].error.code).toBe('FILE_NOT_FOUND');
  const rest = fold.enrolment!.filter((clip) => clip.speaker === 'Actor_01' && !lost.includes(clip));
  const index = fold.test.findIndex(spokenBy('Actor_01'));
  expect(predictions[index].scores).toEqual(await hear(fold.test[index], rest, true));
  expect(heard).toEqual(heard.toSorted((a, b) => a - b));
  expect(heard.at(-1)).toBe(fold.enrolment!.length + fold.test.length);
});

test('of whom no clip can be used, no profile is there, and the report says so', async () => {
  const [fold] = splitClips(clips, 'enrol-1');
  const { predictions } = await predictFold(recogniser, spoil(fold, spokenBy('Actor_20')));
  const hers = predictions.filter(spokenBy('Actor_20'));
  const [clip] = fold.test.filter(spokenBy('Actor_20'));
  expect(hers[0]).toMatchObject({ withoutProfile: null, scores: await hear(clip, [], false) });
  const { profiles } = sumUp('tiny', 'enrol-1', EMOTIONS, [{ fold: fold.name, seed: 0, predictions }]);
  expect(profiles!.unlearnt).toEqual(['Actor_20']);
  const her = profiles!.perSpeaker.find(({ name }) => name === 'Actor_20')!;
  expect(her.uarWith).toBe(her.uarWithout);
});

test('a model of emobox is tested on what enrol leaves of its fold', async () => {
  const testHash = hashTestPart(emobox().test.map(({ corpus, id }) => `${corpus}/${id}`));
  const split = JSON.stringify({ protocol: 'emobox', fold: 'emobox-1', testHash });
  const progress: [number, number][] = [];
  const tested = await testModel(tinyModel({ metadata: tinyMetadata({ split }) }), 'enrol-1', clips, {
    onProgress: (done, total) => progress.push([done, total]),
  });
  const ids = (rows: readonly (Clip | Prediction)[]) => rows.map(({ id }) => id);
  const [fold] = splitClips(clips, 'enrol-1');
  expect(tested.fold).toBe('enrol-1-1');
  expect(ids(tested.predictions)).toEqual(ids(fold.test));
  expect(progress.at(-1)).toEqual([32, 32]);
});

test('a model that takes no profile is refused, a training of one before it begins', async () => {
  await expect(testModel(tinyModel({ embedding: false }), 'enrol-1', clips)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
  });
  const out = join(folder, 'run');
  await expect(
    runExperiment({ config: tinyConfig(), protocol: 'enrol-1', clips, seeds: [0], out }),
  ).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('takes none') });
});
