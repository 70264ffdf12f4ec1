import { loadRecogniser, MarsError, type Recogniser } from '@mars/core';
import { type Command, Option } from 'commander';
import { EXIT_STATUS } from '../exit-status.ts';
import { DEFAULT_MODEL, readModelFile } from '../models.ts';
import { wholeNumber } from '../numbers.ts';
import { statusLine } from '../progress.ts';
import { findRecordings, readRecording, type Recording } from '../recordings.ts';
import { csvReport, failure, jsonReport, tableReport, type Outcome, type Report } from '../report.ts';

interface ClassifyOptions {
  model: string;
  json?: boolean;
  csv?: boolean;
  top: number;
}

/** Adds `mars classify`. */
export function addClassify(program: Command): void {
  program
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
    .addOption(new Option('--json', 'one JSON object per line and file').conflicts('csv'))
    .addOption(new Option('--csv', 'comma-separated values, a column per label'))
    .addOption(
      new Option('--top <n>', 'labels to show in the table, likeliest first')
        .default(2)
        .argParser(wholeNumber(1)),
    )
    .addHelpText(
      'after',
      `
Examples:
  mars classify clip.wav                          one recording
  mars classify --top 4 samples/                  a folder; the four likeliest emotions of each
  mars classify 'calls/**/*.mp3' --csv > calls.csv
  mars classify --json samples/ | jq -r 'select(.emotion == "angry").file'

The table marks an uncertain guess with "?". JSON and CSV hold every label's score.
Exit status: 0 all classified; 1 some could not be (their lines say why); 2 wrong usage.`,
    )
    .action(classify);
}

async function classify(inputs: string[], { model, json, csv, top }: ClassifyOptions): Promise<void> {
  const recordings = await findRecordings(inputs);
  if (recordings.every((recording) => 'error' in recording && recording.error.code === 'NO_INPUT')) {
    throw new MarsError(
      'NO_INPUT',
      `There is nothing to classify in ${inputs.join(', ')}. Name a recording or a folder.`,
    );
  }
  await using recogniser = await loadRecogniser(await readModelFile(model));
  const { labels } = recogniser.metadata;
  const files = recordings.map(({ file }) => file);
  const report = json ? jsonReport() : csv ? csvReport(labels) : tableReport(files, labels, top);
  const failed = await classifyAll(recogniser, recordings, report);
  if (failed > 0) {
    console.error(`mars: ${failed} of ${recordings.length} inputs could not be classified.`);
    process.exitCode = EXIT_STATUS.someFailed;
  }
}

async function classifyAll(recogniser: Recogniser, recordings: Recording[], report: Report): Promise<number> {
  const status = statusLine();
  let failed = 0;
  if (report.header !== undefined) await print(report.header);
  for (const [index, recording] of recordings.entries()) {
    if (recordings.length > 1) status.show(`[${index + 1}/${recordings.length}] ${recording.file}`);
    const outcome = await classifyOne(recogniser, recording);
    status.clear();
    if ('error' in outcome) failed++;
    await print(report.line(outcome));
  }
  return failed;
}

async function classifyOne(recogniser: Recogniser, recording: Recording): Promise<Outcome> {
  const { file } = recording;
  try {
    if ('error' in recording) throw recording.error;
    return { file, ...(await recogniser.classify(await readRecording(file))) };
  } catch (error) {
    return failure(file, error);
  }
}

/** Waits until the line is taken, so that a slow reader does not fill the memory. */
function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()));
}
