import {
  decodeAudio,
  loadRecogniser,
  MarsError,
  type Audio,
  type ModelMetadata,
  type Profile,
  type Recogniser,
  type Verdict,
} from '@mars/core';
import type { RecordingChange } from './changes.ts';
import { readBytes, type Clip } from './corpora/clip.ts';
import type { FeatureFailure } from './features/feature-set.ts';
import { argmax, classificationMetrics, type ClassificationMetrics } from './metrics.ts';
import {
  areaUnderRiskCoverage,
  brierScore,
  expectedCalibrationError,
  logLoss,
} from './probabilistic-metrics.ts';
import { groupBy, hashTestPart, speakerOf, type Fold } from './splits/fold.ts';
import { protocolWithin, splitClips, testsNothing, type Protocol } from './splits/protocols.ts';

/** What a model makes of a clip. */
interface Answer {
  readonly predicted: string;
  /** In the order of the labels. */
  readonly scores: readonly number[];
  /** What the model's calibration makes of the scores; absent in runs of an older MARS. */
  readonly verdict?: Verdict['verdict'];
}

/** What a model says of one clip. */
export interface Prediction extends Answer {
  readonly id: string;
  readonly speaker: string;
  readonly channel?: string;
  readonly gender?: string;
  /** Absent, as `intensity` and `statement` are, where the corpus does not say it or the run is an old one. */
  readonly corpus?: string;
  readonly intensity?: string;
  readonly statement?: string;
  readonly emotion: string;
  /**
   * Where the fold has an enrolment: what the model says without the speaker's profile, while all else here is said with
   * it. `null` where no clip of the enrolment could be used, so that there is no profile.
   */
  readonly withoutProfile?: Answer | null;
  /** What the model says, by the name of each change that was asked for, of the recording so changed. */
  readonly changed?: Readonly<Record<string, Answer>>;
}

export interface Figures extends ClassificationMetrics {
  /** Expected calibration error, in 15 bins. */
  readonly ece: number;
  /** Brier score, summed over classes: 0 to 2. */
  readonly brier: number;
  /** In nats. */
  readonly logLoss: number;
  /** Area under the risk-coverage curve. */
  readonly aurc: number;
  /** Share of the clips whose verdict names an emotion; absent where the predictions hold no verdicts. */
  readonly coverage?: number;
  /** Share of those clips whose emotion is named rightly; absent where there is none. */
  readonly selectiveAccuracy?: number;
}

export interface TestOptions {
  /** Under protocol `cross`, the one corpus to test. */
  readonly testCorpus?: string;
  /** Each recording is also heard so changed (none). */
  readonly changes?: readonly RecordingChange[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Classifies the recordings of a protocol's test part from their bytes, as `mars classify` would. A model that names
 * its split is tested on that fold's test part, or on the one that is cut from it (`enrol-3-1` from `emobox-1`); one
 * that does not, on every fold's. A recording that cannot be used becomes one of the `failures`; the others are still done.
 *
 * Errors: `TEST_LEAK` when the model was trained under another protocol, whose training part holds this one's test
 * clips, or under `all`, or when these clips give another test part than those of its training; those of `predictFold`.
 */
export async function testModel(
  modelBytes: Uint8Array,
  protocol: Protocol,
  clips: readonly Clip[],
  { testCorpus, changes, signal, onProgress }: TestOptions = {},
): Promise<{
  fold: string;
  predictions: Prediction[];
  failures: FeatureFailure[];
  metadata: ModelMetadata;
}> {
  await using recogniser = await loadRecogniser(modelBytes);
  const { metadata } = recogniser;
  const { split } = metadata;
  const heardAll = split ? testsNothing(split.protocol) : false;
  if (split && (heardAll || (split.protocol !== protocol && split.protocol !== protocolWithin(protocol)))) {
    throw new MarsError(
      'TEST_LEAK',
      `The model "${metadata.name}" was trained under protocol ${split.protocol}, fold ${split.fold}: it has heard clips ` +
        `that protocol ${protocol} tests. ${heardAll ? 'Train' : `Evaluate it with --protocol ${split.protocol}, or train`} one with ${protocol}.`,
    );
  }
  const trainedUnder = (fold: Fold) => (split && split.protocol !== protocol ? fold.within! : fold);
  const folds = splitClips(clips, protocol, { testCorpus }).filter(
    (fold) => !split || trainedUnder(fold).name === split.fold,
  );
  const unheard = folds.flatMap((fold) => trainedUnder(fold).test);
  // A random split depends on the list of clips: of a part of the corpus it would test clips that were trained on.
  if (split && hashTestPart(unheard.map(({ corpus, id }) => `${corpus}/${id}`)) !== split.testHash) {
    throw new MarsError(
      'TEST_LEAK',
      `Protocol ${split.protocol} divides these ${clips.length} clips otherwise than those that "${metadata.name}" was trained ` +
        `on: the test part of fold ${split.fold} may hold clips that it has heard. Give the whole corpus of its ` +
        `training (${metadata.trainedOn}).`,
    );
  }
  const predictions: Prediction[] = [];
  const failures: FeatureFailure[] = [];
  const clipsIn = ({ test, enrolment = [] }: Fold) => enrolment.length + test.length;
  const total = folds.reduce((sum, fold) => sum + clipsIn(fold), 0);
  let before = 0;
  for (const fold of folds) {
    const tested = await predictFold(recogniser, fold, {
      changes,
      signal,
      onProgress: (done) => onProgress?.(before + done, total),
    });
    predictions.push(...tested.predictions);
    failures.push(...tested.failures);
    before += clipsIn(fold);
  }
  return { fold: split ? folds[0].name : 'all', predictions, failures, metadata };
}

interface PredictOptions extends Pick<TestOptions, 'changes'> {
  readonly signal?: AbortSignal;
  /** Told how many clips were heard, those of the enrolment among them. */
  readonly onProgress?: (done: number) => void;
}

/**
 * What a model says of a fold's test part, from the bytes of the recordings, as `mars classify` would. Where the fold has
 * an enrolment, it first learns each test speaker's profile from that, and says of each clip what it hears with the
 * profile and without it.
 *
 * Errors: `MODEL_INVALID` for an enrolment and a model that takes no profile; the signal's reason.
 */
export async function predictFold(
  recogniser: Recogniser,
  fold: Pick<Fold, 'test' | 'labels' | Enrolling>,
  { changes, signal, onProgress }: PredictOptions = {},
): Promise<{ predictions: Prediction[]; failures: FeatureFailure[] }> {
  const { test, labels: scored, enrolment } = fold;
  const { profiles, failures } = await learnProfiles(recogniser, fold, { signal, onProgress });
  const predictions: Prediction[] = [];
  for (const [index, clip] of test.entries()) {
    signal?.throwIfAborted();
    try {
      const bytes = await readBytes(clip.file);
      const answer = async (recording: Uint8Array | Audio, profile?: Profile) =>
        // A corpus clip is known to be speech: what is measured is what the model makes of it.
        toAnswer(
          await recogniser.classify(recording, { profile, assumeSpeech: true }),
          recogniser.metadata,
          scored,
        );
      const profile = profiles.get(profiledBy(fold)(clip));
      const changed: Record<string, Answer> = {};
      if (changes) {
        const audio = await decodeAudio(bytes);
        for (const { name, apply } of changes) {
          changed[name] = await answer(await apply(audio, clip.id), profile);
        }
      }
      predictions.push({
        ...factsOf(clip),
        ...(await answer(bytes, profile)),
        ...(enrolment && { withoutProfile: profile ? await answer(bytes) : null }),
        ...(changes && { changed }),
      });
    } catch (error) {
      if (!isOfRecording(error)) throw error;
      failures.push({ clip, error });
    }
    onProgress?.((enrolment?.length ?? 0) + index + 1);
  }
  return { predictions, failures };
}

type Enrolling = 'enrolment' | 'enrolmentLabelled' | 'enrolmentShared';

/** Whose profile a clip is heard with: its speaker's, or one that all share. */
function profiledBy({ enrolmentShared }: Pick<Fold, Enrolling>): (clip: Clip) => string {
  return enrolmentShared ? () => 'all' : speakerOf;
}

/** The profile of each of those of an enrolment, as `profiledBy` names them, who has a clip in it that can be used. */
async function learnProfiles(
  recogniser: Recogniser,
  fold: Pick<Fold, Enrolling>,
  { signal, onProgress }: PredictOptions,
): Promise<{ profiles: Map<string, Profile>; failures: FeatureFailure[] }> {
  const { enrolment = [], enrolmentLabelled = false } = fold;
  const profiles = new Map<string, Profile>();
  const failures: FeatureFailure[] = [];
  const heard = new Set<Clip>();
  for (const [speaker, clips] of groupBy(enrolment, profiledBy(fold))) {
    const usable = new Set(clips);
    let current: Clip;
    const recordings = async function* () {
      for (current of usable) {
        signal?.throwIfAborted();
        onProgress?.(heard.add(current).size);
        const { file, emotion } = current;
        yield { recording: await readBytes(file), emotion: enrolmentLabelled ? emotion : undefined };
      }
    };
    while (usable.size > 0 && !profiles.has(speaker)) {
      try {
        profiles.set(speaker, await recogniser.calibrate(recordings()));
      } catch (error) {
        if (!isOfRecording(error)) throw error;
        // Learnt again without it: this happens to few.
        failures.push({ clip: current!, error });
        usable.delete(current!);
      }
    }
  }
  return { profiles, failures };
}

/** Whether an error says something of a recording, and not of the model. */
function isOfRecording(error: unknown): error is MarsError {
  return error instanceof MarsError && /^(AUDIO|FILE)_/.test(error.code);
}

/**
 * The choice among the labels that a fold is scored on: their scores, summing to 1 again, and 0 for all others.
 *
 * @example
 * restrictScores([0.5, 0.3, 0.2], ['calm', 'sad', 'angry'], ['sad', 'angry']); // [0, 0.6, 0.4]
 */
export function restrictScores(
  scores: readonly number[],
  labels: readonly string[],
  scored: readonly string[] = labels,
): readonly number[] {
  if (labels.every((label) => scored.includes(label))) return scores;
  const kept = scores.map((score, k) => (scored.includes(labels[k]) ? Math.max(score, Number.MIN_VALUE) : 0));
  const total = kept.reduce((sum, score) => sum + score, 0);
  return kept.map((score) => score / total);
}

function factsOf({ id, corpus, speaker, channel, gender, intensity, statement, emotion }: Clip) {
  return { id, corpus, speaker, channel, gender, intensity, statement, emotion };
}

function toAnswer(
  { scores: ranked, verdict }: Verdict,
  { labels }: ModelMetadata,
  scored?: readonly string[],
): Answer {
  const scoreOf = new Map(ranked.map(({ label, score }) => [label, score]));
  const inOrder = labels.map((label) => scoreOf.get(label) ?? 0);
  const scores = restrictScores(inOrder, labels, scored);
  return { predicted: labels[argmax(scores)], scores, verdict };
}

/** All figures of a list of predictions. Errors: `NO_INPUT` when it is empty. */
export function measure(predictions: readonly Prediction[], labels: readonly string[]): Figures {
  const yTrue = predictions.map(({ emotion }) => labels.indexOf(emotion));
  const yPred = predictions.map(({ predicted }) => labels.indexOf(predicted));
  const scores = predictions.map((row) => row.scores);
  return {
    ...classificationMetrics(yTrue, yPred, labels),
    ece: expectedCalibrationError(yTrue, scores),
    brier: brierScore(yTrue, scores),
    logLoss: logLoss(yTrue, scores),
    aurc: areaUnderRiskCoverage(yTrue, scores),
    ...selection(predictions),
  };
}

function selection(predictions: readonly Prediction[]): Pick<Figures, 'coverage' | 'selectiveAccuracy'> {
  if (predictions.some(({ verdict }) => verdict === undefined)) return {};
  const named = predictions.filter(({ verdict }) => verdict === 'emotion');
  const coverage = named.length / predictions.length;
  if (coverage === 0) return { coverage };
  const right = named.filter(({ emotion, predicted }) => predicted === emotion);
  return { coverage, selectiveAccuracy: right.length / named.length };
}
