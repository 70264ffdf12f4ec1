import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, encodeWav } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addNoise } from '../augment.ts';
import { telephone } from '../channel.ts';
import { openFrontEnd } from '../front-end/open-front-end.ts';
import { yamnetSettings } from '../front-end/yamnet-settings.ts';
import { readBytes } from '../corpora/clip.ts';
import { computeTask } from './compute.ts';
import { resolveVariants, type Variant } from './settings.ts';

const settings = yamnetSettings.parse({ kind: 'yamnet', layer: 4 });
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mars-compute-'));
  file = join(folder, 'clip.wav');
  const samples = Float32Array.from({ length: 12_000 }, (_, i) => 0.3 * Math.sin(i / 9) * Math.sin(i / 700));
  await writeFile(file, encodeWav({ samples, sampleRate: 16_000 }));
});
afterAll(() => rm(folder, { recursive: true }));

async function vectorOf(variant: Variant): Promise<Float32Array> {
  const task = { clip: { file, id: 'clip' }, variants: resolveVariants([variant]) };
  const result = await computeTask(task, { settings, augmentationSeed: 3 });
  if ('error' in result) throw new Error(result.error.message);
  return result.tensors[0].data;
}

test('so may what came over a telephone', async () => {
  const { samples, sampleRate } = await decodeAudio(await readBytes(file));
  const frontEnd = openFrontEnd(settings);
  const expected = await frontEnd.run(telephone(samples, { sampleRate }), 2);
  await frontEnd.dispose();
  expect(await vectorOf({ kind: 'telephone', speed: 2 })).toEqual(expected);
});

test('what is noisy may be heard at another speed: noise first, then the speed', async () => {
  const variant = { kind: 'noise', name: 'noisy', snrDb: [20, 20] as const };
  const { samples } = await decodeAudio(await readBytes(file));
  const noisy = addNoise(samples, { snrDb: 20, random: afterDraw('3/clip/noisy') });
  const frontEnd = openFrontEnd(settings);
  const expected = { plain: await frontEnd.run(noisy), fast: await frontEnd.run(noisy, 1.25) };
  await frontEnd.dispose();
  expect(await vectorOf({ ...variant, kind: 'noise' })).toEqual(expected.plain);
  expect(await vectorOf({ ...variant, kind: 'noise', speed: 1.25 })).toEqual(expected.fast);
});

/** The stream of that name once the ratio has been drawn from it. */
function afterDraw(stream: string) {
  const random = createRandom(stream);
  random.uniform(20, 20);
  return random;
}
