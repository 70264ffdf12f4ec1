import { MarsError, type ModelMetadata } from '@mars/core';
import type { Tested } from '@mars/training';
import { Option, type Command } from 'commander';
import { collect, CORPUS_HELP, readCorpora } from '../corpora.ts';
import { EXIT_STATUS } from '../exit-status.ts';
import { printFigures } from '../figures.ts';
import { readModelFile } from '../models.ts';
import { failureLine, statusLine } from '../progress.ts';
import { addProtocolOptions, type ProtocolOptions } from '../protocol-options.ts';

interface EvaluateOptions extends ProtocolOptions {
  model?: string;
  run?: string;
  corpus: string[];
  changed?: boolean;
  json?: boolean;
}

/** Adds `mars evaluate`. */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('test a model on clips that it never saw')
    .description(
      'Classifies the test clips of a protocol from their files, as "mars classify" does, and prints the figures.\n' +
        'A model that was, or may have been, trained on clips of the test part is refused.',
    )
    .addOption(
      new Option('-m, --model <name|path>', 'a shipped model, a .onnx file, or a folder with a model.onnx'),
    )
    .addOption(
      new Option('-r, --run <folder>', 'all trainings of a run, each on its own test part').conflicts(
        'model',
      ),
    )
    .requiredOption(
      '-c, --corpus <name=path>',
      'a corpus and its folder or table; repeat for several',
      collect,
    );
  addProtocolOptions(command)
    .option(
      '--changed',
      'hear each clip changed as well: quieter, over a telephone, in noise, through lossy codecs (encoded by ffmpeg, ' +
        'where that is there); a run keeps the figures, and "mars export" puts them on its card',
    )
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mars evaluate --model seed --corpus ravdess=/data/ravdess --protocol seed
  mars evaluate --run runs/emobox --corpus ravdess=/data/ravdess --protocol emobox --json

Whether its verdicts stay the same over a telephone or in noise:
  mars evaluate --run runs/emobox --corpus ravdess=/data/ravdess --protocol emobox --changed

What a profile of the speaker is worth, by the models of a run under emobox:
  mars evaluate --run runs/emobox --corpus ravdess=/data/ravdess --protocol enrol-3
${CORPUS_HELP}`,
    )
    .action(evaluate);
}

async function evaluate({
  model,
  run,
  corpus,
  protocol,
  testCorpus,
  changed,
  json,
}: EvaluateOptions): Promise<void> {
  if (model === undefined && run === undefined) {
    throw new MarsError(
      'NO_INPUT',
      'There is nothing to evaluate. Name a model with --model or a run with --run.',
    );
  }
  const { keepChanges, readModels, recordingChanges, sumUp, testModel } = await import('@mars/training');
  const clips = await readCorpora(corpus);
  const models =
    run === undefined ? [{ training: model!, seed: 0, bytes: await readModelFile(model!) }] : readModels(run);
  const status = statusLine();
  const changes = changed ? await recordingChanges() : undefined;
  for (const codec of ['Opus', 'MP3']) {
    if (changes && !changes.some(({ name }) => name.startsWith(codec))) {
      status.log(`mars: there is no ffmpeg that encodes ${codec}, so it is left out.`);
    }
  }
  const tested: Tested[] = [];
  const failed = new Set<string>();
  let first: ModelMetadata | undefined;
  for await (const { training: name, seed, bytes } of models) {
    const { fold, predictions, failures, metadata } = await testModel(bytes, protocol, clips, {
      testCorpus,
      changes,
      onProgress: (done, total) => status.show(`${name}: ${done} of ${total} clips`),
    });
    status.clear();
    if (metadata.split === null) {
      status.log(
        `mars: ${name} does not say what it was trained on: if these clips were among it, the figures flatter.`,
      );
    }
    for (const failure of failures) {
      if (!failed.has(failure.clip.file)) status.log(failureLine(failure));
      failed.add(failure.clip.file);
    }
    first ??= metadata;
    tested.push({ fold, seed, predictions });
  }
  const report = sumUp(first!.name, protocol, first!.labels, tested, failed.size);
  if (run !== undefined) await keepChanges(run, report);
  if (json) console.log(JSON.stringify(report));
  else await printFigures(report);
  if (failed.size > 0) process.exitCode = EXIT_STATUS.someFailed;
}
