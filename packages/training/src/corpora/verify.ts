import { availableParallelism } from 'node:os';
import { extname, resolve } from 'node:path';
import { EMOTIONS } from '@mars/core';
import { runInWorkers } from '../features/worker-pool.ts';
import { CORPUS_CATALOGUE } from './catalogue.ts';
import type { Clip } from './clip.ts';
import { listCorpus, type ReadCorpusOptions } from './corpora.ts';
import { inspectRecording, type Inspection, type InspectionResult } from './inspect.ts';

/** What spoils a training: the recording holds nothing to learn, or something false. */
export const FAULT_KINDS = ['unreadable', 'silent', 'conflict'] as const;

/** What one should know: a protocol or a front end can live with it. */
export const NOTICE_KINDS = ['duplicate', 'clipped', 'length', 'known'] as const;

export type FindingKind = (typeof FAULT_KINDS)[number] | (typeof NOTICE_KINDS)[number];

/** Something about one recording, or about several that hold the same audio. */
export interface Finding {
  readonly kind: FindingKind;
  /** The clips' ids. */
  readonly clips: readonly string[];
  readonly message: string;
  /** Whether `readCorpus` leaves all of these clips out already. */
  readonly leftOut: boolean;
}

/** How many clips there are of each; 'unknown' where a clip does not say. */
export type Tally = Readonly<Record<string, number>>;

export interface CorpusCheck {
  readonly corpus: string;
  /** Absolute. */
  readonly path: string;
  readonly clips: number;
  /** How many the corpus has by its description; null for a table or folder. */
  readonly expectedClips: number | null;
  /** Clips that training leaves out as known to be faulty. */
  readonly leftOut: number;
  /** Of all that could be read. */
  readonly durationSec: number;
  readonly emotions: Tally;
  /** By channel, gender and speaker: clips of each emotion. */
  readonly channels: Readonly<Record<string, Tally>>;
  readonly genders: Readonly<Record<string, Tally>>;
  readonly speakers: Readonly<Record<string, Tally>>;
  /** By sampling rate in Hz, as decoded: Opus always comes at 48 kHz. */
  readonly sampleRates: Tally;
  /** In the order of `FAULT_KINDS` and `NOTICE_KINDS`. */
  readonly findings: readonly Finding[];
}

export interface VerifyOptions extends ReadCorpusOptions {
  /** Worker threads (one per core); 0 decodes in the calling thread. */
  readonly workers?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Nothing above -60 dBFS: the quietest clip of RAVDESS peaks at -46. */
const SILENCE = 1e-3;

/** Half a step of 16 bits: below it lossy coding leaves traces of what was all zeros. */
const HALF_STEP = 2 ** -16;

/** A thousandth of the samples: three milliseconds of a clip of three seconds, which can be heard. */
const CLIPPED_SHARE = 1e-3;

const WORKER = new URL(`./inspect.worker${extname(import.meta.url)}`, import.meta.url);

/**
 * Decodes every recording of a corpus and says what is there and what is wrong with it: unreadable and silent recordings,
 * the same audio under two labels (`conflict`), and, as notices, duplicates, clipping and lengths far from the others'.
 * Two recordings are the same audio when their decoded samples are, whatever their bytes. A minute or two for CREMA-D.
 *
 * Errors: those of `readCorpus` where the corpus cannot be listed; the signal's reason.
 *
 * @example
 * const { findings } = await verifyCorpus('crema-d', '/data/crema-d');
 * findings[0].message; // 'digital silence'
 */
export async function verifyCorpus(
  name: string,
  path: string,
  { labels, workers = availableParallelism(), onProgress, signal }: VerifyOptions = {},
): Promise<CorpusCheck> {
  const clips = await listCorpus(name, path, { labels });
  const results = await inspectAll(clips, workers, onProgress, signal);
  const heard = clips.flatMap((clip, index): Heard[] => {
    const result = results[index];
    return 'error' in result ? [] : [{ clip, ...result }];
  });
  const emotions = EMOTIONS.filter((emotion) => clips.some((clip) => clip.emotion === emotion));
  const byEmotion = (of: readonly Clip[]): Tally =>
    Object.fromEntries(
      emotions.map((emotion) => [emotion, of.filter((clip) => clip.emotion === emotion).length]),
    );
  const grouped = (keyOf: (clip: Clip) => string | undefined) =>
    Object.fromEntries(
      [...Map.groupBy(clips, (clip) => keyOf(clip) ?? 'unknown')]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, ofKey]) => [key, byEmotion(ofKey)]),
    );
  return {
    corpus: name,
    path: resolve(path),
    clips: clips.length,
    expectedClips: CORPUS_CATALOGUE.find((entry) => entry.name === name)?.clips ?? null,
    leftOut: clips.filter(({ fault }) => fault !== undefined).length,
    durationSec: heard.reduce((sum, { durationSec }) => sum + durationSec, 0),
    emotions: byEmotion(clips),
    channels: grouped(({ channel }) => channel),
    genders: grouped(({ gender }) => gender),
    speakers: grouped(({ speaker }) => speaker),
    sampleRates: Object.fromEntries(
      [...Map.groupBy(heard, ({ sampleRate }) => sampleRate)].map(([rate, of]) => [rate, of.length]),
    ),
    findings: findFaults(clips, results, heard),
  };
}

/** A clip and what its recording is. */
type Heard = Inspection & { readonly clip: Clip };

async function inspectAll(
  clips: readonly Clip[],
  workers: number,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<InspectionResult[]> {
  const results: InspectionResult[] = [];
  let done = 0;
  const onResult = (index: number, result: InspectionResult) => {
    results[index] = result;
    onProgress?.(++done, clips.length);
  };
  if (workers === 0) {
    for (const [index, { file }] of clips.entries()) {
      signal?.throwIfAborted();
      onResult(index, await inspectRecording(file));
    }
    return results;
  }
  await runInWorkers<string, InspectionResult>(
    WORKER,
    clips.map(({ file }) => file),
    {
      workerData: null,
      workers,
      signal,
      onResult,
      onCrash: (index, { message }) =>
        onResult(index, {
          error: { code: 'AUDIO_UNREADABLE', message: `It brought its worker down: ${message}` },
        }),
    },
  );
  return results;
}

function findFaults(
  clips: readonly Clip[],
  results: readonly InspectionResult[],
  heard: readonly Heard[],
): Finding[] {
  const silent = heard.filter(({ peak }) => peak < SILENCE);
  const audible = heard.filter(({ peak }) => peak >= SILENCE);
  const findings = [
    ...clips.flatMap((clip, index) => {
      const result = results[index];
      return 'error' in result
        ? [finding('unreadable', [clip], `${result.error.code}: ${result.error.message}`)]
        : [];
    }),
    ...silent.map(({ clip, peak }) =>
      finding(
        'silent',
        [clip],
        peak < HALF_STEP ? 'digital silence' : `nothing above ${(20 * Math.log10(peak)).toFixed(0)} dBFS`,
      ),
    ),
    ...findSameAudio(audible),
    ...audible
      .filter(({ clippedShare }) => clippedShare >= CLIPPED_SHARE)
      .sort((a, b) => b.clippedShare - a.clippedShare)
      .map(({ clip, clippedShare }) =>
        finding('clipped', [clip], `${(100 * clippedShare).toFixed(2)} % of the samples are at full scale`),
      ),
    ...findLengthOutliers(heard),
  ];
  const found = new Set(
    findings.flatMap((of) => (of.kind === 'clipped' || of.kind === 'length' ? [] : of.clips)),
  );
  const unconfirmed = clips
    .filter(({ id, fault }) => fault !== undefined && !found.has(id))
    .map((clip) =>
      finding('known', [clip], `known as faulty (${clip.fault}), though nothing of it is heard here`),
    );
  return [...findings, ...unconfirmed].sort((a, b) => rank(a.kind) - rank(b.kind));
}

function rank(kind: FindingKind): number {
  return [...FAULT_KINDS, ...NOTICE_KINDS].indexOf(kind);
}

/** The same audio more than once: at best it counts twice, at worst its labels contradict each other. */
function findSameAudio(heard: readonly Heard[]): Finding[] {
  return [...Map.groupBy(heard, ({ soundHash }) => soundHash).values()]
    .filter(({ length }) => length > 1)
    .map((same) => {
      const clips = same.map(({ clip }) => clip);
      const how = same.every(({ contentHash }) => contentHash === same[0].contentHash)
        ? 'the same file'
        : 'the same audio in different files';
      const emotions = [...new Set(clips.map(({ emotion }) => emotion))];
      if (emotions.length > 1) {
        return finding('conflict', clips, `${how} under the labels ${emotions.join(' and ')}`);
      }
      const speakers = [...new Set(clips.map(({ speaker }) => speaker))];
      if (speakers.length > 1) {
        return finding('conflict', clips, `${how} under the speakers ${speakers.join(' and ')}`);
      }
      return finding('duplicate', clips, `${how}, ${emotions[0]} each time`);
    });
}

/**
 * Lengths outside Tukey's outer fences (three interquartile ranges beyond the quartiles; Exploratory Data Analysis,
 * 1977) of their corpus and channel, on a logarithmic scale: half as long is as odd as twice as long. A fence is at least
 * a factor of 1.5 away, so that clips of nearly equal length make no outlier of a slightly different one.
 */
function findLengthOutliers(heard: readonly Heard[]): Finding[] {
  const groups = Map.groupBy(heard, ({ clip }) => `${clip.corpus}/${clip.channel}`);
  return [...groups.values()].flatMap((group) => {
    const lengths = group.map(({ durationSec }) => durationSec).sort((a, b) => a - b);
    const [lower, upper] = [0.25, 0.75].map((share) => lengths[Math.round(share * (lengths.length - 1))]);
    const factor = Math.max((upper / lower) ** 3, 1.5);
    const usual = `the middle half is ${lower.toFixed(2)} to ${upper.toFixed(2)} s`;
    return group
      .filter(({ durationSec }) => durationSec < lower / factor || durationSec > upper * factor)
      .sort((a, b) => b.durationSec - a.durationSec)
      .map(({ clip, durationSec }) =>
        finding('length', [clip], `${durationSec.toFixed(2)} s, where ${usual}`),
      );
  });
}

function finding(kind: FindingKind, clips: readonly Clip[], message: string): Finding {
  return {
    kind,
    clips: clips.map(({ id }) => id),
    message,
    leftOut: clips.every(({ fault }) => fault !== undefined),
  };
}
