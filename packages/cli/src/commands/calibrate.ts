import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  decodeAudio,
  loadRecogniser,
  MarsError,
  type EnrolmentClip,
  type Profile,
  type Recogniser,
} from '@mars/core';
import type { Command } from 'commander';
import { EXIT_STATUS } from '../exit-status.ts';
import { DEFAULT_MODEL, readModelFile } from '../models.ts';
import { checkOutputFile, writeOutputFile } from '../output-file.ts';
import { failure, type Outcome } from '../output/outcome.ts';
import { count } from '../output/text.ts';
import { statusLine } from '../progress.ts';
import { findRecordings, readRecording, type Recording } from '../recordings.ts';

interface CalibrateFlags {
  out: string;
  model: string;
  labelled?: boolean;
  force?: boolean;
  json?: boolean;
}

/** A recording of the person, with its emotion where that was said. */
type OwnRecording = Recording & { readonly emotion?: string };

/** Adds `mars calibrate`. */
export function addCalibrate(program: Command): void {
  program
    .command('calibrate')
    .summary("learn a person's voice from some recordings")
    .description(
      "Learns a person's voice from some clips of a few seconds each: with the profile\n" +
        'that it writes, "mars classify" and "mars listen" hear that person better. All\n' +
        'clips must be of that one person.',
    )
    .argument('<input...>', 'files, folders and patterns; EMOTION=… where the emotion in them is known')
    .requiredOption('-o, --out <file>', 'where the profile goes, such as me.json')
    .option('-m, --model <name|path>', 'the model that the profile is for: it fits no other', DEFAULT_MODEL)
    .option('-l, --labelled', 'each clip is in a folder that is called by its emotion')
    .option('-f, --force', 'replace a profile that is there')
    .option('--json', 'say what was learnt as a JSON object')
    .addHelpText(
      'after',
      `
Examples:
  mars calibrate clips/*.wav --out me.json                    whatever was said, in whatever mood
  mars calibrate happy=joke.wav angry=traffic/ --out me.json  some with their emotion
  mars calibrate --labelled voices/me/ --out me.json          voices/me/happy/*.wav, voices/me/sad/*.wav, …
  mars classify --profile me.json diary.wav

What clips are worth:
${WORTH}

A profile holds no sound, but it describes a voice: it is personal data. It is written here and sent nowhere; keep it
where its owner wants it, and delete it when they ask.
Clips that cannot be read, or in which nobody speaks, are reported, and the others are used.
Exit status: 0 all were used; 1 some were not; 2 wrong usage.`,
    )
    .action(calibrate);
}

/** What each kind of clips is worth: measured under the enrol protocols (docs/experiments.md). */
const WORTH = `  unlabelled   how this voice differs from an average one: 8 clips in varied moods +7 points of UAR on strangers
  neutral      2 clips, given as neutral=FILE, +4; it cannot be told what is the voice and what is the mood
  labelled     also how this person sounds in each emotion: 1 clip of each +11, 3 of each +15`;

async function calibrate(
  inputs: string[],
  { out, model, labelled, force, json }: CalibrateFlags,
): Promise<void> {
  await checkOutputFile('--out', out, { replace: force ?? false });
  await using recogniser = await loadRecogniser(await readModelFile(model));
  const recordings = await findOwn(inputs, {
    labels: recogniser.metadata.labels,
    byFolder: labelled ?? false,
  });
  const unused: Outcome<never>[] = [];
  const profile = await learn(recogniser, recordings, (outcome) => unused.push(outcome));
  if (profile) await writeOutputFile(out, `${JSON.stringify(profile)}\n`, { isPrivate: true });
  report(out, profile, unused, { json: json ?? false });
  if (unused.length === 0) return;
  console.error(`mars: ${unused.length} of ${recordings.length} inputs could not be used.`);
  process.exitCode = EXIT_STATUS.someFailed;
}

/**
 * The recordings that the arguments name, with their emotions.
 *
 * @throws MarsError `CONFIG_INVALID` for an emotion that is none of the labels
 */
async function findOwn(
  inputs: readonly string[],
  { labels, byFolder }: { labels: readonly string[]; byFolder: boolean },
): Promise<OwnRecording[]> {
  const found: OwnRecording[] = [];
  for (const input of inputs) {
    const { emotion, path } = await takeApart(input);
    for (const recording of await findRecordings([path])) {
      const isIn = byFolder && !('error' in recording) ? basename(dirname(recording.file)) : undefined;
      const label = emotion ?? isIn;
      if (label !== undefined && !labels.includes(label)) throw noEmotion(label, recording.file, labels);
      found.push({ ...recording, ...(label !== undefined && { emotion: label }) });
    }
  }
  return found;
}

/** "happy=a.wav" is an emotion and a path, unless there is a file of that name. */
async function takeApart(input: string): Promise<{ emotion?: string; path: string }> {
  const { emotion, path } = /^(?<emotion>[\p{L}-]+)=(?<path>.+)$/su.exec(input)?.groups ?? {};
  const isFile = (await lstat(input).catch(() => undefined)) !== undefined;
  return isFile || emotion === undefined ? { path: input } : { emotion, path };
}

function noEmotion(label: string, file: string, labels: readonly string[]): MarsError {
  return new MarsError(
    'CONFIG_INVALID',
    `"${label}" (of ${file}) is no emotion that the model knows; it knows ${labels.join(', ')}.`,
  );
}

/** Learns from the recordings that can be used; undefined where none can. */
async function learn(
  recogniser: Recogniser,
  recordings: readonly OwnRecording[],
  onUnused: (outcome: Outcome<never>) => void,
): Promise<Profile | undefined> {
  const status = statusLine();
  let used = 0;
  async function* usable(): AsyncGenerator<EnrolmentClip> {
    for (const [index, recording] of recordings.entries()) {
      status.show(`[${index + 1}/${recordings.length}] ${recording.file}`);
      const clip = await hear(recogniser, recording).catch((error: unknown) => {
        onUnused(failure(recording.file, error));
      });
      if (!clip) continue;
      used++;
      yield clip;
    }
  }
  try {
    return await recogniser.calibrate(usable());
  } catch (error) {
    if (used === 0 && error instanceof MarsError && error.code === 'NO_INPUT') return undefined;
    throw error;
  } finally {
    status.clear();
  }
}

/** @throws MarsError where the clip cannot be read or nobody speaks: it would teach the voice of a room */
async function hear(recogniser: Recogniser, recording: OwnRecording): Promise<EnrolmentClip> {
  if ('error' in recording) throw recording.error;
  const audio = await decodeAudio(await readRecording(recording.file));
  const { verdict } = await recogniser.classify(audio);
  if (verdict === 'no-speech') {
    throw new MarsError('AUDIO_TOO_SHORT', 'Nobody speaks in it; some seconds of speech were expected.');
  }
  return { recording: audio, ...(recording.emotion !== undefined && { emotion: recording.emotion }) };
}

function report(
  out: string,
  profile: Profile | undefined,
  unused: readonly Outcome<never>[],
  { json }: { json: boolean },
): void {
  if (json) {
    const { model = null, clips = 0, labelled = 0 } = profile ?? {};
    console.log(JSON.stringify({ profile: profile ? out : null, model, clips, labelled, unused }));
    return;
  }
  for (const outcome of unused) {
    if ('error' in outcome) console.error(`${outcome.file}  ${outcome.error.code}: ${outcome.error.message}`);
  }
  if (!profile) return;
  const known = profile.labelled > 0 ? `, ${profile.labelled} of them with their emotion` : '';
  console.log(
    `${out}: a voice, learnt from ${count(profile.clips, 'clip')}${known}, for the model "${profile.model}"`,
  );
}
