import { expect, test } from 'vitest';
import { tinyModel } from '../../test/tiny-model.ts';
import * as node from './onnxruntime.node.ts';
import * as web from './onnxruntime.web.ts';

test('the browser’s runtime gives the scores of Node’s', async () => {
  const waveform = Float32Array.from({ length: 20_000 }, (_, i) => 0.3 * Math.sin(i * 0.07 + i * i * 1e-6));
  const run = async ({ createSession, Tensor }: typeof node | typeof web) => {
    const session = await createSession(tinyModel(), { threads: 1 });
    const { scores } = await session.run({ waveform: new Tensor('float32', waveform, [1, waveform.length]) });
    await session.release();
    return [...(scores.data as Float32Array)];
  };
  const [inNode, inBrowser] = [await run(node), await run(web)];
  expect(Math.max(...inNode)).toBeGreaterThan(0.2);
  for (const [index, score] of inNode.entries()) expect(inBrowser[index]).toBeCloseTo(score, 5);
});
