import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MarsError } from '@mars/core';

/** The shipped model that is used when none is named. */
export const DEFAULT_MODEL = 'flagship';

/** Where shipped models stand: models/<name>/model.onnx in the repository, wherever `mars` is run. */
const SHIPPED_MODELS = join(import.meta.dirname, '../../../models');

/**
 * Reads a model file.
 *
 * @param nameOrPath name of a shipped model ("seed"), path of a .onnx file, or path of a folder that holds model.onnx
 * @throws MarsError `MODEL_NOT_FOUND` naming the shipped models
 */
export async function readModelFile(nameOrPath: string): Promise<Uint8Array> {
  const isName = /^[\w-]+$/.test(nameOrPath);
  const candidates = [
    ...(isName ? [join(SHIPPED_MODELS, nameOrPath, 'model.onnx')] : []),
    nameOrPath,
    join(nameOrPath, 'model.onnx'),
  ];
  for (const path of candidates) {
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile()) return readFile(path);
  }
  const shipped = await shippedModels();
  throw new MarsError(
    'MODEL_NOT_FOUND',
    `There is no model "${nameOrPath}": neither a .onnx file, nor a folder with a model.onnx, nor one of the shipped ` +
      `models (${shipped.join(', ') || 'none yet'}).`,
  );
}

/** Names of the shipped models. */
export async function shippedModels(): Promise<string[]> {
  const entries = await readdir(SHIPPED_MODELS, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
