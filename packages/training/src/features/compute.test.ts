import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, encodeWav } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addNoise } from '../augment.ts';
import { addRoom, equalise, OCTAVES_HZ, telephone } from '../channel.ts';
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

test('and what was recorded in another room: echo, then what the microphone makes of it, then noise', async () => {
  const { samples, sampleRate } = await decodeAudio(await readBytes(file));
  const gainsDb = OCTAVES_HZ.map(() => 6);
  const echoing = addRoom(samples, { sampleRate, reverberationSec: 0.4, wetness: 0.3 });
  const coloured = equalise(echoing, { sampleRate, gainsDb });
  const frontEnd = openFrontEnd(settings);
  const [expected, plain] = [await frontEnd.run(coloured, 2), await frontEnd.run(samples, 2)];
  await frontEnd.dispose();
  const room = {
    kind: 'room',
    reverberationSec: [0.4, 0.4],
    wetness: [0.3, 0.3],
    octaveDb: [6, 6],
    speed: 2,
  } as const;
  const distance = (to: Float32Array, from: Float32Array) =>
    Math.max(...from.map((x, i) => Math.abs(x - to[i])));
  const heard = await vectorOf(room);
  // Noise 120 dB below the voice is none, but for rounding.
  expect(distance(expected, heard)).toBeLessThan(0.01 * distance(plain, heard));
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
