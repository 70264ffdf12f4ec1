import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { collect } from '../corpora.ts';

interface ExportOptions {
  out: string;
  training?: string;
  name?: string;
  beside?: string[];
}

/** Adds `mars export`. */
export function addExport(program: Command): void {
  program
    .command('export')
    .summary("write a run's model, with its card and its figures")
    .description(
      'Writes the model of a finished training as ONNX, for "mars classify --model" and any ONNX Runtime.\n' +
        'Of several trainings the first seed of the first fold is taken: the best seed would be a chosen one.',
    )
    .argument('<run>', 'the folder that "mars train --out" wrote')
    .requiredOption('-o, --out <path>', 'a .onnx file, or a folder for model.onnx, card.md and report.json')
    .option('--training <name>', 'another training of the run, by the name of its folder')
    .option('--name <name>', "the model's name in its metadata (default: the preset's)")
    .option(
      '--beside <run>',
      'put the figures of another run of the same recipe, as under another protocol, beside them; repeat for several',
      collect,
    )
    .addHelpText(
      'after',
      `
Examples:
  mars export runs/seed --out model.onnx
  mars export runs/seed --beside runs/emobox --out models/mine --name mine
  mars export runs/all --beside runs/emobox --beside runs/cross --out models/mine --name mine`,
    )
    .action(exportModel);
}

async function exportModel(run: string, { out, training, name, beside }: ExportOptions): Promise<void> {
  const { exportRun } = await import('@mars/training');
  const { model, card, report, notice } = await exportRun(run, { training, name, beside });
  const files: [string, string | Uint8Array][] = out.endsWith('.onnx')
    ? [[out, model]]
    : [
        [`${out}/model.onnx`, model],
        [`${out}/card.md`, card],
        [`${out}/report.json`, `${JSON.stringify(report, null, 1)}\n`],
        ...(notice === undefined ? [] : [[`${out}/NOTICE`, notice] satisfies [string, string]]),
      ];
  await mkdir(dirname(files[0][0]), { recursive: true });
  for (const [path, content] of files) {
    await writeFile(path, content);
    console.log(path);
  }
}
