/**
 * Makes `yamnet.safetensors` from a safetensors file of all of YAMNet's weights as 32-bit floats (the tflite file that
 * yamnet.NOTICE names, dequantised):
 *
 *     node packages/training/src/pretrained/make-yamnet.ts YAMNET.safetensors
 *
 * Keeps layers 1 to 7 and turns the weights back into the 8-bit integers and scales that they came from.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensorsMetadata,
  type StoredData,
  type StoredTensor,
} from '../features/safetensors.ts';
import { recoverQuantised } from './quantise.ts';
import { YAMNET_FILE } from './yamnet.ts';

const [source] = process.argv.slice(2);
if (source === undefined) {
  process.stderr.write('usage: make-yamnet.ts YAMNET.safetensors\n');
  process.exit(2);
}

const bytes = new Uint8Array(readFileSync(source));
const kept = new Map<string, StoredTensor<StoredData>>();
for (const [name, tensor] of decodeSafetensors(bytes)) {
  if (!/^layer[1-7]\./.test(name)) continue;
  if (!name.endsWith('.weight')) {
    kept.set(name, tensor);
    continue;
  }
  const [rows] = tensor.shape;
  const { values, scale } = recoverQuantised(tensor.data, rows);
  kept.set(name, { data: values, shape: tensor.shape });
  kept.set(name.replace(/weight$/, 'scale'), { data: scale, shape: [rows] });
}
writeFileSync(YAMNET_FILE, encodeSafetensors(kept, readSafetensorsMetadata(bytes)));
