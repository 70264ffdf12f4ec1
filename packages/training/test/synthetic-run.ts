import { join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { EMOTIONS } from '@mars/core';
import type { Clip } from '../src/corpora/clip.ts';
import type { Prediction } from '../src/evaluate.ts';
import { calibrate } from '../src/calibration.ts';
import { sumUp, trainingName, type ExperimentReport } from '../src/experiment-report.ts';
import { describeRun, RunFolder } from '../src/run.ts';
import type { Protocol } from '../src/splits/protocols.ts';
import { LABELS, tinyConfig } from './synthetic-corpus.ts';

export interface SyntheticRunOptions {
  /** Chance that a clip is named rightly. */
  skill?: number;
  seeds?: readonly number[];
  protocol?: Protocol;
  /** One fold each; every list is who is tested. */
  folds?: readonly (readonly string[])[];
  clipsPerEmotion?: number;
  /** As a run of today's MARS has it, fitted to whatever. */
  calibrated?: boolean;
}

/** Six women and men in two folds. */
const FOLDS = [
  ['Ann', 'Bob', 'Cleo'],
  ['Dan', 'Eve', 'Fay'],
];

/** Writes the folder of a run that never trained: its answers are drawn, right with a chance of `skill`. */
export async function writeSyntheticRun(
  path: string,
  {
    skill = 0.6,
    seeds = [0, 1, 2],
    protocol = 'emobox',
    folds = FOLDS,
    clipsPerEmotion = 2,
    calibrated = true,
  }: SyntheticRunOptions = {},
): Promise<ExperimentReport> {
  const config = tinyConfig();
  const tested = [];
  for (const seed of seeds) {
    for (const [k, speakers] of folds.entries()) {
      const fold = `${protocol}-${k + 1}`;
      const test = speakers.flatMap((speaker) => clipsOf(speaker, clipsPerEmotion));
      const others = folds.flat().filter((speaker) => !speakers.includes(speaker));
      const train = others.flatMap((speaker) => clipsOf(speaker, clipsPerEmotion));
      const random = createRandom(`${skill}/${seed}/${fold}`);
      const answers = test.map((clip) => answer(clip, random.next() < skill, random.next()));
      const calibration = { temperature: 1.25 + 0.25 * k, threshold: 0.5 };
      const predictions = calibrated ? calibrate(answers, LABELS, calibration) : answers;
      const folder = new RunFolder(join(path, trainingName(fold, seed)));
      const description = describeRun(
        config,
        protocol,
        { name: fold, train, validation: [], test },
        seed,
        LABELS,
        1,
      );
      await folder.claim(description, { resume: false });
      for (let epoch = 1; epoch <= 4; epoch += 1) {
        await folder.appendHistory({
          epoch,
          learningRate: 0.001,
          trainLoss: 2 / epoch,
          trainAccuracy: 0.2 * epoch,
          validationLoss: 1.8 / epoch + 0.1 * seed,
          validationAccuracy: 0.15 * epoch,
          validationUar: 0.14 * epoch,
          seconds: 1,
        });
      }
      await folder.writeLines('predictions.jsonl', predictions);
      if (calibrated) await folder.writeJson('calibration.json', calibration);
      tested.push({ fold, seed, predictions });
    }
  }
  const report = sumUp(config.preset, protocol, LABELS, tested);
  await new RunFolder(path).writeJson('report.json', report);
  return report;
}

function clipsOf(speaker: string, perEmotion: number): Clip[] {
  return EMOTIONS.flatMap((emotion) =>
    Array.from({ length: perEmotion }, (_, take): Clip => {
      const id = `${speaker}/${emotion}-${take}.wav`;
      return {
        file: `/${id}`,
        id,
        corpus: 'ravdess',
        speaker,
        emotion,
        channel: 'speech',
        gender: 'ACE'.includes(speaker[0]) ? 'female' : 'male',
        intensity: take % 2 === 0 ? 'normal' : 'strong',
        statement: take % 2 === 0 ? 'kids' : 'dogs',
        contentHash: id,
      };
    }),
  );
}

/** The right name or the next one, with a confidence from 0.4 to 1. */
function answer(
  { id, corpus, speaker, emotion, channel, gender, intensity, statement }: Clip,
  right: boolean,
  sureness: number,
): Prediction {
  const truth = LABELS.indexOf(emotion);
  const named = right ? truth : (truth + 1) % LABELS.length;
  const confidence = 0.4 + 0.6 * sureness;
  const scores = LABELS.map((_, k) => (k === named ? confidence : (1 - confidence) / (LABELS.length - 1)));
  const facts = { id, corpus, speaker, channel, gender, intensity, statement, emotion };
  return { ...facts, predicted: LABELS[named], scores };
}
