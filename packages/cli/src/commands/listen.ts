import {
  loadRecogniser,
  MarsError,
  SAMPLE_RATE_RANGE,
  summarise,
  type LiveEvent,
  type Recogniser,
  type Segment,
  type StreamOptions,
} from '@mars/core';
import { type Command, Option } from 'commander';
import { EXIT_STATUS } from '../exit-status.ts';
import { MICROPHONE, recordMicrophone } from '../microphone.ts';
import { DEFAULT_MODEL, readModelFile } from '../models.ts';
import { seconds, wholeNumber } from '../numbers.ts';
import { paintFor } from '../output/colours.ts';
import { liveJson, liveView, type LiveReport } from '../output/live-report.ts';
import { print } from '../output/print.ts';
import { PCM_FORMATS, readPcm, type PcmFormat } from '../pcm.ts';
import { statusLine } from '../progress.ts';
import { listeningOptions, prepareListening, profileOption, type ListeningFlags } from '../voice-options.ts';

interface ListenFlags extends ListeningFlags {
  model: string;
  json?: boolean;
  interval?: number;
  stdin?: boolean;
  rate: number;
  format: PcmFormat;
  channels: number;
  color: boolean;
}

/** Adds `mars listen`. */
export function addListen(program: Command): void {
  const command = program
    .command('listen')
    .summary('say which emotion is in what is spoken now')
    .description(
      'Listens to the microphone, or to raw samples on stdin, and says after each utterance which emotion is in it.\n' +
        'The microphone is read by a recorder of the system: arecord, parecord, pw-record, sox or ffmpeg.',
    )
    .option(
      '-m, --model <name|path>',
      'a shipped model, a .onnx file, or a folder with a model.onnx',
      DEFAULT_MODEL,
    )
    .addOption(profileOption());
  for (const option of listeningOptions()) command.addOption(option);
  command
    .addOption(
      new Option(
        '--interval <seconds>',
        'between two looks at an utterance that goes on (default: 1)',
      ).argParser(seconds),
    )
    .option('--json', 'one JSON object per line and event')
    .option('--stdin', 'listen to raw samples on stdin')
    .addOption(
      pcmOption('--rate <hz>', 'of the samples on stdin')
        .default(16_000)
        .argParser(wholeNumber(SAMPLE_RATE_RANGE.lowest, SAMPLE_RATE_RANGE.highest)),
    )
    .addOption(pcmOption('--format <name>', 'of the samples on stdin').choices(PCM_FORMATS).default('s16le'))
    .addOption(
      pcmOption('--channels <n>', 'on stdin, of which the mean is taken')
        .default(1)
        .argParser(wholeNumber(1)),
    )
    .option('--no-color', 'no colours in the terminal')
    .addHelpText(
      'after',
      `
Examples:
  mars listen                                     the microphone, until Ctrl-C
  mars listen --profile me.json --one-speaker     better for a voice that was calibrated
  mars listen --json | jq -r 'select(.trigger == "speechEnded").emotion'
  ffmpeg -i URL -f s16le -ar 16000 -ac 1 - | mars listen --stdin
  sox talk.wav -t raw -e float -b 32 -r 48000 - | mars listen --stdin --format f32le --rate 48000 --channels 2

Ctrl-C, or the end of stdin, ends it with a summary. Nothing that is heard is kept or sent anywhere.
Exit status: 0 it was ended so; 1 the recorder or the samples failed on the way; 2 it could not begin.`,
    )
    .action(listen);
}

function pcmOption(flags: string, description: string): Option {
  return new Option(flags, description).implies({ stdin: true });
}

async function listen(flags: ListenFlags): Promise<void> {
  if (flags.stdin && process.stdin.isTTY) {
    throw new MarsError(
      'NO_INPUT',
      'Nothing is piped in: stdin is the terminal. Leave --stdin out, or pipe samples.',
    );
  }
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  try {
    await using recogniser = await loadRecogniser(await readModelFile(flags.model));
    const { interval: intervalSec } = flags;
    const options = {
      ...(await prepareListening(recogniser, flags)),
      ...(intervalSec !== undefined && { intervalSec }),
      sampleRate: flags.stdin ? flags.rate : MICROPHONE.sampleRate,
    };
    // Wrong options are said before anything is heard.
    recogniser.stream(options);
    const { labels } = recogniser.metadata;
    const paint = paintFor(process.stdout, { wanted: flags.color });
    const report = flags.json ? liveJson() : liveView(labels, { paint });
    const samples = flags.stdin
      ? readPcm(readStdin(interruption.signal), flags)
      : readPcm(recordFrom(interruption.signal), MICROPHONE);
    await follow(recogniser, samples, { options, report, signal: interruption.signal });
  } finally {
    process.removeListener('SIGINT', interrupt);
  }
}

/** Prints what is heard, and the summary when the samples end, or fail. */
async function follow(
  recogniser: Recogniser,
  samples: AsyncIterable<Float32Array>,
  { options, report, signal }: { options: StreamOptions; report: LiveReport; signal: AbortSignal },
): Promise<void> {
  const status = statusLine();
  const segments: Segment[] = [];
  let samplesHeard = 0;
  async function* counted(): AsyncGenerator<Float32Array> {
    for await (const piece of samples) {
      if (samplesHeard === 0) for (const line of report.header) await print(line);
      samplesHeard += piece.length;
      yield piece;
    }
  }
  let failed: MarsError | undefined;
  try {
    for await (const event of recogniser.listen(counted(), options)) {
      segments.push(...spoken(event));
      const now = report.now(event);
      if (now !== undefined) status.show(now);
      const lines = report.lines(event);
      if (lines.length > 0) status.clear();
      for (const line of lines) await print(line);
    }
  } catch (error) {
    if (samplesHeard === 0 || !(error instanceof MarsError)) throw error;
    failed = error;
  }
  if (samplesHeard === 0 && !signal.aborted) {
    throw new MarsError('NO_INPUT', 'Not one sample came on stdin. Look at what is piped in.');
  }
  status.clear();
  const summary = report.summary(samplesHeard / options.sampleRate, summarise(segments));
  for (const line of summary) await print(line);
  if (failed === undefined) return;
  console.error(`mars: ${failed.message} [${failed.code}]`);
  process.exitCode = EXIT_STATUS.someFailed;
}

/** The measurement of a whole utterance, without the scores: they would add up over days. */
function spoken(event: LiveEvent): Segment[] {
  if (event.type !== 'measurement' || event.trigger !== 'speechEnded') return [];
  const { startSec, endSec, verdict, emotion, confidence } = event;
  return [{ startSec, endSec, verdict, emotion, confidence, scores: [] }];
}

function recordFrom(signal: AbortSignal): AsyncIterable<Uint8Array> {
  const onStart = (recorder: string) => {
    if (process.stderr.isTTY) console.error(`mars: listening with ${recorder}; Ctrl-C ends it`);
  };
  return recordMicrophone({ signal, onStart });
}

/** Stdin, until its end or until `signal` aborts. */
async function* readStdin(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (signal.aborted) return;
  const stop = () => void process.stdin.destroy();
  signal.addEventListener('abort', stop);
  try {
    for await (const piece of process.stdin as AsyncIterable<Uint8Array>) yield piece;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
