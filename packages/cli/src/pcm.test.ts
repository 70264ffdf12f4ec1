import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPcm, type PcmLayout } from './pcm.ts';

async function read(pieces: readonly Uint8Array[], layout: PcmLayout): Promise<number[]> {
  const samples: number[] = [];
  for await (const piece of readPcm(asStream(pieces), layout)) samples.push(...piece);
  return samples;
}

async function* asStream(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const bytesOf = (samples: Int16Array | Float32Array) => new Uint8Array(samples.buffer);

test.each([
  ['s16le, mono', { format: 's16le', channels: 1 }, Int16Array.of(16_384, -32_768, 0), [0.5, -1, 0]],
  ['s16le, stereo', { format: 's16le', channels: 2 }, Int16Array.of(16_384, 0, -32_768, -32_768), [0.25, -1]],
  ['f32le, mono', { format: 'f32le', channels: 1 }, Float32Array.of(0.5, -0.25), [0.5, -0.25]],
] as const)('%s', async (_, layout, samples, expected) => {
  expect(await read([bytesOf(samples)], layout)).toEqual(expected);
});

test('any cut gives the same samples, and half a sample at the end none', async () => {
  const bytes = bytesOf(Int16Array.from({ length: 40 }, (_, i) => 700 * i - 9000));
  const layout = { format: 's16le', channels: 2 } as const;
  const whole = await read([bytes], layout);
  expect(whole).toHaveLength(20);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 79 }), { maxLength: 12 }),
      fc.nat({ max: 3 }),
      async (cuts, extra) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), 80];
        const pieces = edges.slice(1).map((end, i) => bytes.slice(edges[i], end));
        expect(await read([...pieces, new Uint8Array(extra)], layout)).toEqual(whole);
      },
    ),
  );
});

test.each(['RIFF', 'OggS', 'fLaC'])(
  'a file that begins with %s is refused, with what to do',
  async (magic) => {
    const file = new TextEncoder().encode(`${magic} and so on`);
    await expect(read([file], { format: 's16le', channels: 1 })).rejects.toThrow(/ffmpeg -i FILE -f s16le/);
  },
);
