import { loadRecogniser, MarsError, type Profile, type Recogniser, type Timeline } from '@mars/core';
import { type Command, Option } from 'commander';
import { workOff } from '../batch.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { DEFAULT_MODEL, readModelFile } from '../models.ts';
import { seconds, wholeNumber } from '../numbers.ts';
import { checkOutputFile, writeOutputFile } from '../output-file.ts';
import { clipCsv, clipTable } from '../output/clip-report.ts';
import { paintFor } from '../output/colours.ts';
import { explainedTable } from '../output/explained-report.ts';
import { jsonReport, type Outcome } from '../output/outcome.ts';
import { clock, percent } from '../output/text.ts';
import { timelineCsv, timelineView } from '../output/timeline-report.ts';
import { describeKnownVoice } from '../output/voice.ts';
import { findRecordings, readPieces, readRecording, type Recording } from '../recordings.ts';
import {
  listeningOptions,
  prepareListening,
  profileOption,
  type Listening,
  type ListeningFlags,
} from '../voice-options.ts';

interface ClassifyFlags extends ListeningFlags {
  model: string;
  json?: boolean;
  csv?: boolean;
  top: number;
  timeline?: boolean;
  html?: string;
  explain?: boolean;
  start?: number;
  end?: number;
  color: boolean;
}

/** Adds `mars classify`. */
export function addClassify(program: Command): void {
  const command = program
    .command('classify')
    .summary('say which emotion is in recordings')
    .description(
      'Says which emotion is in each recording (WAV, FLAC, MP3, Ogg Vorbis, Ogg Opus; any rate, any length).\n' +
        'A folder stands for all recordings below it. What cannot be read is reported, and the others go on.',
    )
    .argument('<input...>', 'files, folders and glob patterns')
    .option(
      '-m, --model <name|path>',
      'a shipped model, a .onnx file, or a folder with a model.onnx',
      DEFAULT_MODEL,
    )
    .addOption(profileOption())
    .option('-t, --timeline', 'where in each recording which emotion is')
    .addOption(new Option('--html <file>', 'write the timelines as a page, too').implies({ timeline: true }));
  for (const option of listeningOptions()) command.addOption(option.implies({ timeline: true }));
  command
    .addOption(
      new Option('--explain', 'what the score rests on: stretches of time, bands of frequencies').conflicts([
        'csv',
        'timeline',
      ]),
    )
    .addOption(
      new Option('--start <seconds>', 'where the part begins that is explained (default: 0)')
        .argParser(seconds)
        .implies({ explain: true }),
    )
    .addOption(
      new Option('--end <seconds>', 'where it ends (default: with the recording)')
        .argParser(seconds)
        .implies({ explain: true }),
    )
    .addOption(new Option('--json', 'one JSON object per line and file').conflicts('csv'))
    .addOption(new Option('--csv', 'comma-separated values, a column per label'))
    .addOption(
      new Option('--top <n>', 'labels to show in the table, likeliest first')
        .default(2)
        .argParser(wholeNumber(1))
        .conflicts('timeline'),
    )
    .option('--no-color', 'no colours in the terminal (as NO_COLOR=1; FORCE_COLOR=1 has them in pipes, too)')
    .addHelpText(
      'after',
      `
Examples:
  mars classify clip.wav                          one recording
  mars classify --top 4 samples/                  a folder; the four likeliest emotions of each
  mars classify 'calls/**/*.mp3' --csv > calls.csv
  mars classify --json samples/ | jq -r 'select(.emotion == "angry").file'
  mars classify --timeline meeting.flac           when which emotion is heard; hours are fine
  mars classify --html talk.html talk.mp3         the same as a page
  mars classify --explain clip.wav                what the score rests on
  mars classify --explain --start 12 --end 15.5 meeting.flac
  mars classify --timeline --profile me.json --one-speaker diary.opus

--html, --one-speaker, --window, --hop and --min-silence imply --timeline.
--start and --end imply --explain, which takes stretches and bands away, one at a time, and draws by how much the score
falls without each: the higher the more, a dot where it does not fall. It explains 30 s at most, and neither timelines
nor CSV; JSON has it as "explanation".
The table marks an uncertain guess with "?". JSON and CSV hold every label's score; of a timeline, CSV has a row per
segment, and JSON the list of segments and a summary.
Exit status: 0 all classified; 1 some could not be (their lines say why); 2 wrong usage.`,
    )
    .action(classify);
}

async function classify(inputs: string[], flags: ClassifyFlags): Promise<void> {
  const recordings = await findRecordings(inputs);
  if (recordings.every((recording) => 'error' in recording && recording.error.code === 'NO_INPUT')) {
    throw new MarsError(
      'NO_INPUT',
      `There is nothing to classify in ${inputs.join(', ')}. Name a recording or a folder.`,
    );
  }
  await using recogniser = await loadRecogniser(await readModelFile(flags.model));
  const listening = await prepareListening(recogniser, flags);
  if (flags.html !== undefined) await checkOutputFile('--html', flags.html);
  const failed = flags.timeline
    ? await followAll(recogniser, recordings, listening, flags)
    : flags.explain
      ? await explainAll(recogniser, recordings, listening, flags)
      : await classifyAll(recogniser, recordings, listening, flags);
  if (failed > 0) {
    console.error(`mars: ${failed} of ${recordings.length} inputs could not be classified.`);
    process.exitCode = EXIT_STATUS.someFailed;
  }
}

function classifyAll(
  recogniser: Recogniser,
  recordings: readonly Recording[],
  { profile }: Listening,
  { json, csv, top }: ClassifyFlags,
): Promise<number> {
  const { labels } = recogniser.metadata;
  const files = recordings.map(({ file }) => file);
  const notes = notesOn(profile);
  const report = json ? jsonReport() : csv ? clipCsv(labels) : clipTable(files, labels, { top, notes });
  return workOff(recordings, report, async (file) =>
    recogniser.classify(await readRecording(file), { ...(profile && { profile }) }),
  );
}

function explainAll(
  recogniser: Recogniser,
  recordings: readonly Recording[],
  { profile }: Listening,
  { json, top, start, end }: ClassifyFlags,
): Promise<number> {
  const files = recordings.map(({ file }) => file);
  const columns = process.stdout.columns || undefined;
  const table = { top, notes: notesOn(profile), columns };
  const report = json ? jsonReport() : explainedTable(files, recogniser.metadata.labels, table);
  const options = {
    ...(profile && { profile }),
    ...(start !== undefined && { startSec: start }),
    ...(end !== undefined && { endSec: end }),
  };
  return workOff(recordings, report, async (file, show) =>
    recogniser.explain(await readRecording(file), {
      ...options,
      onProgress: (done, runs) => show(`${percent(done / runs)} explained`),
    }),
  );
}

function notesOn(profile: Profile | undefined): string[] {
  const voice = describeKnownVoice(profile && { profileClips: profile.clips, utterances: 0 });
  return voice === undefined ? [] : [voice];
}

async function followAll(
  recogniser: Recogniser,
  recordings: readonly Recording[],
  listening: Listening,
  { json, csv, html, color }: ClassifyFlags,
): Promise<number> {
  const { labels, name: model } = recogniser.metadata;
  const paint = paintFor(process.stdout, { wanted: color });
  const report = json
    ? jsonReport<Timeline>()
    : csv
      ? timelineCsv(labels)
      : timelineView(labels, { columns: process.stdout.columns || undefined, paint });
  const outcomes: Outcome<Timeline>[] = [];
  const failed = await workOff(
    recordings,
    report,
    (file, show) => follow(recogniser, file, listening, show),
    (outcome) => html !== undefined && outcomes.push(outcome),
  );
  if (html !== undefined) {
    const { writeTimelinePage } = await import('../output/timeline-page.ts');
    await writeOutputFile(html, writeTimelinePage(outcomes, { labels, model }));
    console.error(`mars: wrote ${html}`);
  }
  return failed;
}

/** A recording's timeline; `show` is told how far it is, and how many times as fast as it was spoken. */
function follow(
  recogniser: Recogniser,
  file: string,
  listening: Listening,
  show: (progress: string) => void,
): Promise<Timeline> {
  const began = performance.now();
  let share: number | undefined;
  return recogniser.timeline(
    readPieces(file, (read) => (share = read)),
    {
      ...listening,
      onProgress: (doneSec) => {
        const speed = Math.round(doneSec / ((performance.now() - began) / 1000));
        const done = share === undefined ? '' : ` (${percent(share)})`;
        show(`${clock(doneSec)}${done}, ${speed} times as fast as real time`);
      },
    },
  );
}
