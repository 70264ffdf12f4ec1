import { expect, test } from 'vitest';
import { tinyMetadata, tinyModel } from '../../test/tiny-model.ts';
import { Model } from './model.ts';

test('opens a model whose metadata fits its graph', async () => {
  await using model = await Model.open(tinyModel());
  expect(model.metadata.name).toBe('tiny');
  expect(model.adaptationSize).toEqual({ offset: 12, lastLayer: 8 * 13 });
});

test.each([
  [
    'seven labels for eight scores',
    { metadata: tinyMetadata({ labels: '["a","b","c","d","e","f","g"]' }) },
    /output "scores" float32 \[any, 7\].*\[batch, 8\]/,
  ],
  ['an input of another name', { inputName: 'audio' }, /input "waveform" float32 \[any, any\].*"audio"/],
  ['an input of features', { inputName: 'mfcc' }, /exported by an older MARS.*mars export/],
  ['no metadata', { metadata: {} }, /no "name" \(it has: none at all\)/],
])('%s: MODEL_INVALID says what differs', async (_, parts, message) => {
  await expect(Model.open(tinyModel(parts))).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(message),
  });
});

test('a graph that ONNX Runtime refuses is MODEL_INVALID', async () => {
  // Metadata alone, without a graph: the top-level fields of two protobuf messages can simply be put together.
  const model = tinyModel();
  const graphless = model.subarray(model.length - metadataLength(model));
  await expect(Model.open(graphless)).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringContaining('ONNX Runtime cannot open the model "tiny"'),
  });
});

/** metadata_props (field 14, tag 0x72) are the last field that `tinyModel` writes; the first of them holds "name". */
function metadataLength(model: Uint8Array): number {
  const start = Buffer.from(model).indexOf(Buffer.from([0x72, 12, 0x0a, 4, ...Buffer.from('name')]));
  return model.length - start;
}
