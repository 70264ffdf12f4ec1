import { createSession, Tensor } from '#onnxruntime';
import { expect, test } from 'vitest';
import { tinyModel } from '../../test/tiny-model.ts';
import { cutGraph } from './graph-cut.ts';

const waveform = () => {
  const samples = Float32Array.from({ length: 8000 }, (_, i) => 0.4 * Math.sin(i * 0.05 + i * i * 1e-6));
  return new Tensor('float32', samples, [1, samples.length]);
};

test('the two halves give what the whole gives', async () => {
  const model = tinyModel();
  const { body, head } = cutGraph(model, 'embedding')!;
  const [whole, first, second] = await Promise.all(
    [model, body, head].map((bytes) => createSession(bytes, { threads: 1 })),
  );
  expect([first.inputNames, first.outputNames]).toEqual([['waveform'], ['attention', 'embedding']]);
  expect([second.inputNames, second.outputNames]).toEqual([['embedding'], ['scores', 'hidden', 'logits']]);
  const expected = await whole.run({ waveform: waveform() });
  const { embedding, attention } = await first.run({ waveform: waveform() });
  const { scores } = await second.run({ embedding });
  expect(attention.data).toEqual(expected.attention.data);
  expect(embedding.data).toEqual(expected.embedding.data);
  expect(scores.data).toEqual(expected.scores.data);
  await Promise.all([whole, first, second].map((session) => session.release()));
});

test('each weight goes to the half that needs it', () => {
  const model = tinyModel();
  const { body, head } = cutGraph(model, 'embedding')!;
  expect(body.length + head.length).toBeLessThan(model.length + 2000);
  expect(head.length).toBeLessThan(2500);
});

test.each(['no such output', 'scores'])('at "%s" there is nothing to cut', (output) => {
  expect(cutGraph(tinyModel(), output)).toBeUndefined();
});

test('what is no protobuf message throws', () => {
  expect(() => cutGraph(tinyModel().subarray(0, 1000), 'embedding')).toThrow('ends within a field');
});
