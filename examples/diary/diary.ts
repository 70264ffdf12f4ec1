/**
 * A private diary: charts a week of your voice from recordings on your own machine, with your profile. Nothing is sent.
 *
 *   npx node examples/diary/diary.ts ~/diary --profile me.json --out week.html
 *   npx node examples/diary/diary.ts ~/diary --week 2026-11-16           the week that this day lies in (the latest one)
 *   npx node examples/diary/diary.ts samples                             to see what it looks like
 */
import { openAsBlob } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRecogniser, MarsError, Profile } from '@mars/core';
import { runExample } from '../shared/run-example.ts';
import { writeWeek } from './page.ts';
import { daysOf, recordedAt, weekAround, type Entry } from './week.ts';

const NOTICE = `
This diary is for your own voice, on your own machine: nothing is sent, and what it writes only you can read.
 - Recordings, profile and page are personal data, and about moods sensitive ones. Keep them where nobody else looks.
 - Only yours: whoever else is to be heard must know of it and want it. Nobody may ask you for it, least of all an employer
   or a school (EU AI Act, Art. 5(1)(f)).
 - It hears how a voice sounds, is wrong often, and is no diagnosis. The model is for non-commercial use.
`;

const MODEL = join(import.meta.dirname, '../../models/flagship/model.onnx');
const RECORDING = /\.(?:wav|flac|mp3|ogg|oga|opus)$/i;

await runExample(NOTICE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      profile: { type: 'string' },
      week: { type: 'string' },
      out: { type: 'string', default: 'week.html' },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new MarsError('NO_INPUT', 'Name the folder with the recordings.');
  const profile = values.profile === undefined ? undefined : await readProfile(values.profile);
  const recordings = await findRecordings(folder);
  const midnights = weekAround(momentOf(values.week, recordings));
  const wanted = recordings.filter(({ at }) => at >= midnights[0] && at < midnights.at(-1)!);

  await using recogniser = await loadRecogniser(await readFile(MODEL));
  const entries: Entry[] = [];
  const unheard: { file: string; message: string }[] = [];
  for (const { file, at } of wanted) {
    console.error(`Listening to ${file} …`);
    try {
      const heard = await recogniser.timeline(await openAsBlob(join(folder, file)), {
        profile,
        oneSpeaker: true,
      });
      entries.push({ file, at, ...heard });
    } catch (error) {
      // One that is damaged is told on the page; the others are still heard.
      if (!(error instanceof MarsError) || error.code === 'PROFILE_INVALID') throw error;
      unheard.push({ file, message: error.message });
    }
  }
  const known = profile === undefined ? 'without a profile' : `with a profile of ${profile.clips} clips`;
  const page = writeWeek(daysOf(midnights, entries), { profile: known, unheard });
  // A new file: one that is there keeps its mode, by which others might read it.
  await rm(values.out, { force: true });
  await writeFile(values.out, page, { mode: 0o600 });
  console.log(values.out);
  if (profile === undefined) {
    console.error('It hears you better once it knows your voice: npx mars calibrate CLIPS… --out me.json');
  }
  if (unheard.length > 0) process.exitCode = 1;
});

async function findRecordings(folder: string): Promise<{ file: string; at: Date }[]> {
  const files = (await readdir(folder)).filter((name) => RECORDING.test(name)).toSorted();
  if (files.length === 0) {
    throw new MarsError('NO_INPUT', `There is no recording in ${folder}; WAV, FLAC, MP3 and Ogg are read.`);
  }
  return Promise.all(
    files.map(async (file) => ({ file, at: recordedAt(file, (await stat(join(folder, file))).mtime) })),
  );
}

/** A moment in the week that is wanted: that of the latest recording unless a day is named. */
function momentOf(day: string | undefined, recordings: readonly { at: Date }[]): Date {
  if (day === undefined) return new Date(Math.max(...recordings.map(({ at }) => +at)));
  const moment = recordedAt(day, new Date(NaN));
  if (!Number.isNaN(+moment)) return moment;
  throw new MarsError(
    'CONFIG_INVALID',
    `--week came as ${JSON.stringify(day)}; a day such as 2026-11-16 was expected.`,
  );
}

async function readProfile(file: string): Promise<Profile> {
  try {
    return Profile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new MarsError('PROFILE_INVALID', `${file} is no JSON. Give a file that "mars calibrate" wrote.`);
  }
}
