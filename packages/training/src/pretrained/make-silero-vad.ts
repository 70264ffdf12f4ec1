/**
 * Makes the voice activity detector's file, packages/core/assets/silero-vad.onnx, from the original network (the file
 * that the NOTICE beside it names):
 *
 *     node packages/training/src/pretrained/make-silero-vad.ts SILERO_VAD.onnx
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSileroWeights, writeSileroVad } from './silero-vad.ts';

const ASSET = join(import.meta.dirname, '../../../core/assets/silero-vad.onnx');

const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('usage: make-silero-vad.ts SILERO_VAD.onnx\n');
  process.exit(2);
}
writeFileSync(ASSET, writeSileroVad(readSileroWeights(readFileSync(source))));
