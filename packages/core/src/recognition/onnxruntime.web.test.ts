import { expect, test } from 'vitest';
import { tinyModel } from '../../test/tiny-model.ts';
import * as node from './onnxruntime.node.ts';
import * as web from './onnxruntime.web.ts';

test('the browser’s runtime gives the scores of Node’s', async () => {
  const frames = 87;
  const values = Float32Array.from({ length: frames * 40 }, (_, i) => 30 * Math.sin(i * 0.7) - (i % 40));
  const run = async ({ createSession, Tensor }: typeof node | typeof web) => {
    const session = await createSession(tinyModel(), { threads: 1 });
    const { scores } = await session.run({ mfcc: new Tensor('float32', values, [1, frames, 40]) });
    await session.release();
    return [...(scores.data as Float32Array)];
  };
  const [inNode, inBrowser] = [await run(node), await run(web)];
  expect(Math.max(...inNode)).toBeGreaterThan(0.2);
  for (const [index, score] of inNode.entries()) expect(inBrowser[index]).toBeCloseTo(score, 5);
});
