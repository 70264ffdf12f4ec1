import { openAsBlob } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MarsError } from '../errors.ts';
import { openAudio, openChannels } from './audio-reader.ts';
import type { AudioSource } from './byte-reader.ts';
import { decodeEveryWay, readAll, streamOf } from './decode-fixture.ts';
import { repeatFlac } from './flac-fixture.ts';
import { splitPages, withChecksum } from './ogg-fixture.ts';
import { chunk, concatenate, makeWav } from './wav-fixture.ts';

const fixture = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`fixtures/${name}`, import.meta.url)));
const code = (value: string): object => expect.objectContaining({ name: 'MarsError', code: value });
const ramp = (length: number): number[] => Array.from({ length }, (_, i) => ((i % 255) - 127) / 128);

/** Reads up to the end or the error. */
async function readUp(
  source: AudioSource,
  maxDurationSec?: number,
): Promise<{ lengths: number[]; error: unknown }> {
  const lengths: number[] = [];
  try {
    const reader = await openAudio(source, { maxDurationSec });
    for await (const block of reader.blocks()) lengths.push(block.length);
    return { lengths, error: undefined };
  } catch (error) {
    return { lengths, error };
  }
}

describe('blocks', () => {
  test('last a second, the last one what is left', async () => {
    const wav = makeWav({ channels: [ramp(20_001), ramp(20_001)], sampleRate: 8_000 });
    const flac = concatenate([...repeatFlac(ramp(4_096), 5)]);
    expect(await readUp(wav)).toEqual({ lengths: [8_000, 8_000, 4_001], error: undefined });
    expect(await readUp(streamOf(flac, [1_000]))).toEqual({ lengths: [16_000, 4_480], error: undefined });
  });

  test('of so many channels that a second would be too much are no longer', async () => {
    const channels = Array.from({ length: 3_000 }, () => ramp(1_500));
    expect((await readUp(makeWav({ channels, sampleRate: 1_000 }))).lengths).toEqual([1_000, 500]);
  });

  test('are memory of their own', async () => {
    const reader = await openAudio(makeWav({ channels: [ramp(3_000)], sampleRate: 1_000 }));
    const sums: number[] = [];
    for await (const block of reader.blocks()) {
      sums.push(block.reduce((sum, sample) => sum + sample));
      block.fill(1);
    }
    expect(sums[0]).not.toBe(1_000);
    expect(sums).toHaveLength(3);
  });
});

describe('channels, each by itself', () => {
  test.each([
    'eight-channels.flac',
    'stereo-id3.mp3',
    'stereo-48k.vorbis.ogg',
    'stereo.opus',
    'mono-16k.flac.ogg',
  ])('of %s: their mean is what openAudio gives', async (name) => {
    const bytes = await fixture(name);
    await using mixed = await openAudio(bytes);
    await using split = await openChannels(bytes);
    expect(split.sampleRate).toBe(mixed.sampleRate);
    const means: Float32Array[] = [];
    for await (const planes of split.blocks()) {
      means.push(planes[0].map((_, i) => planes.reduce((sum, plane) => sum + plane[i], 0) / planes.length));
    }
    const blocks: Float32Array[] = [];
    for await (const block of mixed.blocks()) blocks.push(block);
    expect(means).toEqual(blocks);
  });

  test('of a WAV file, in its order', async () => {
    const channels = [ramp(2_500), ramp(2_500).reverse(), Array.from({ length: 2_500 }, () => 0.5)];
    await using reader = await openChannels(streamOf(makeWav({ channels, sampleRate: 1_000 }), [777]));
    const blocks: (readonly Float32Array[])[] = [];
    for await (const planes of reader.blocks()) blocks.push(planes);
    expect(blocks.map((planes) => planes.map(({ length }) => length))).toEqual(
      [1_000, 1_000, 500].map((length) => [length, length, length]),
    );
    for (const [channel, samples] of channels.entries()) {
      expect(blocks.flatMap((planes) => Array.from(planes[channel]))).toEqual(samples);
    }
  });

  test('are eight at most, and stay as many', async () => {
    const nine = makeWav({ channels: Array.from({ length: 9 }, () => ramp(10)) });
    await expect(readChannels(nine)).rejects.toEqual(code('AUDIO_UNSUPPORTED'));
    const [stereo, mono] = [await fixture('stereo.opus'), await fixture('mono-from-16k.opus')];
    await expect(readChannels(concatenate([stereo, mono]))).rejects.toThrow(/2 channels and goes on with 1/);
  });

  async function readChannels(bytes: Uint8Array): Promise<void> {
    await using reader = await openChannels(bytes);
    for await (const _ of reader.blocks());
  }
});

describe('a limit of length', () => {
  test('is no error up to it, and stops what is longer where it is reached', async () => {
    const wav = makeWav({ channels: [ramp(3_000)], sampleRate: 1_000 });
    expect(await readUp(wav, 3)).toEqual({ lengths: [1_000, 1_000, 1_000], error: undefined });
    expect(await readUp(wav, 2.999)).toEqual({ lengths: [1_000, 1_000], error: code('AUDIO_TOO_LONG') });
    expect(await readUp(wav, 1)).toEqual({ lengths: [1_000], error: code('AUDIO_TOO_LONG') });
  });

  test('asks for no more bytes', async () => {
    let pieces = 0;
    async function* silence(): AsyncGenerator<Uint8Array> {
      for (const piece of repeatFlac(
        Array.from({ length: 4_096 }, () => 0),
        10_000,
      )) {
        pieces++;
        yield piece;
      }
    }
    const reader = await openAudio(silence(), { maxDurationSec: 10 });
    await expect(
      (async () => {
        for await (const _ of reader.blocks());
      })(),
    ).rejects.toEqual(code('AUDIO_TOO_LONG'));
    expect(pieces).toBeLessThan(1_000);
  });
});

describe('any cut of the bytes gives bit for bit what the whole file gives', () => {
  const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3_000 })), {
    minLength: 1,
    maxLength: 6,
  });
  test.each([
    'mono-16k.flac',
    'unknown-length.flac',
    'mono-16k.flac.ogg',
    'stereo-id3.mp3',
    'bare-16k.mp3',
    'stereo-48k.vorbis.ogg',
    'stereo.opus',
  ])('%s', async (name) => {
    const bytes = await fixture(name);
    await fc.assert(
      fc.asyncProperty(lengths, async (pieceLengths) => {
        fc.pre(pieceLengths.some((length) => length > 0));
        expect((await decodeEveryWay(bytes, { pieceLengths })).samples.length).toBeGreaterThan(0);
      }),
      { numRuns: 8 },
    );
  });
});

describe('memory does not grow with the length', () => {
  const GROWTH_BYTES = 6e6;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { execution: 'async' }) => Promise<void>;

  /** Bytes held, when what is garbage has been swept: that goes on beside the program for a while. */
  async function measureHeld(usual?: number): Promise<number> {
    const limit = usual === undefined ? 0 : usual + GROWTH_BYTES;
    const attempts = usual === undefined ? 3 : 40;
    let held = Infinity;
    for (let attempt = 0; attempt < attempts && held > limit; attempt++) {
      await collect({ execution: 'async' });
      await setTimeout(attempt);
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      held = Math.min(held, arrayBuffers + heapUsed);
    }
    return held;
  }

  /** A source that counts what was taken from it. */
  class Counted implements AsyncIterable<Uint8Array> {
    bytes = 0;
    readonly #pieces: Iterable<Uint8Array>;

    constructor(pieces: Iterable<Uint8Array>) {
      this.#pieces = pieces;
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      for (const piece of this.#pieces) {
        this.bytes += piece.length;
        yield piece;
      }
    }
  }

  function* repeat(piece: Uint8Array, times: number, head = new Uint8Array(0)): Generator<Uint8Array> {
    yield head;
    for (let i = 0; i < times; i++) yield piece;
  }

  const secondOfStereo = new Uint8Array(4 * 48_000).fill(0x11);
  const hourSize = 3_600 * secondOfStereo.length;
  const header = makeWav({ channels: [[], []], sampleRate: 48_000, dataSize: hourSize });
  const quiet = Array.from({ length: 4_096 }, () => 0);

  test.each([
    ['an hour of WAV', () => repeat(secondOfStereo, 3_600, header), 3_600],
    ['8 minutes of MP3', async () => repeat(await fixture('bare-16k.mp3'), 864), 497],
    ['half a minute of Opus in a chain', async () => repeat(await fixture('stereo.opus'), 60), 30],
    ['2 minutes of FLAC of unknown length', () => repeatFlac(quiet, 469), 120],
  ])('%s', async (_, make, durationSec) => {
    const source = new Counted(await make());
    const reader = await openAudio(source);
    const held: number[] = [];
    const taken: number[] = [];
    let length = 0;
    for await (const block of reader.blocks()) {
      length += block.length;
      if (Math.floor(length / reader.sampleRate) % Math.floor(durationSec / 4) > 0) continue;
      held.push(await measureHeld(held[0]));
      taken.push(source.bytes / (length / reader.sampleRate / durationSec));
    }
    expect(Math.floor(length / reader.sampleRate)).toBe(durationSec);
    expect(held.length).toBeGreaterThanOrEqual(4);
    // When the first quarter was read, the decoder's code and memory were there.
    expect(Math.max(...held) - held[0]).toBeLessThan(GROWTH_BYTES);
    // And no more than about a quarter of the bytes had been taken.
    expect(taken[0] / source.bytes).toBeLessThan(1.2);
  });
});

describe('faults that are seen where they are', () => {
  const wav = makeWav({ channels: [ramp(2_500)], sampleRate: 1_000 });

  test('a WAV that is cut off: at once where the size is known, of a stream at its end', async () => {
    const cut = wav.subarray(0, -7);
    const message = '7 of 5000 bytes of sound are missing';
    for (const [source, lengths] of [
      [cut, []],
      [new Blob([cut]), []],
      [streamOf(cut, [100]), [1_000, 1_000]],
    ] as const) {
      const result = await readUp(source);
      expect(result).toEqual({ lengths, error: code('AUDIO_TRUNCATED') });
      expect(String(result.error)).toContain(message);
    }
  });

  test('a FLAC of unknown length that is cut off', async () => {
    const cut = concatenate([...repeatFlac(ramp(4_096), 9)]).subarray(0, -7);
    expect(await readUp(new Blob([cut]))).toEqual({ lengths: [], error: code('AUDIO_TRUNCATED') });
    expect(await readUp(streamOf(cut, [100]))).toEqual({
      lengths: [16_000, 16_000],
      error: code('AUDIO_TRUNCATED'),
    });
  });

  test('FLAC frames that are more than the last of them says', async () => {
    const frames = [...repeatFlac(ramp(4_096), 9)];
    const mixed = concatenate([...frames.slice(0, 9), frames[2]]);
    await expect(decodeEveryWay(mixed)).rejects.toThrow(
      'hold 36864 samples, and the last of them ends at 8192',
    );
  });

  test('a WAV stream whose data chunk turns out to be meant empty', async () => {
    const tags = chunk('LIST', new Uint8Array(3_000));
    const empty = makeWav({ channels: [[]], sampleRate: 1_000, riffSize: 36 + tags.length });
    await expect(decodeEveryWay(concatenate([empty, tags]))).rejects.toEqual(code('AUDIO_EMPTY'));
  });

  test('a sample that is not finite is named by its place in the recording', async () => {
    const write = (view: DataView, offset: number, sample: number) =>
      view.setFloat32(offset, sample || NaN, true);
    const samples = Array.from({ length: 2_500 }, (_, i) => (i === 2_345 ? 0 : 0.5));
    const bytes = makeWav({ channels: [samples], sampleRate: 1_000, coding: { tag: 3, bits: 32, write } });
    await expect(decodeEveryWay(bytes)).rejects.toThrow('Sample 2345 is NaN');
  });

  test('pages of an Ogg stream after its last one, and an end before what came already', async () => {
    const pages = splitPages(await fixture('stereo.opus'));
    const last = pages.at(-1)!;
    const sequence = new DataView(last.buffer).getUint32(18, true);
    const copy = (number: number, { isLast }: { isLast: boolean }): Uint8Array => {
      const page = last.slice();
      page[5] = isLast ? 4 : 0;
      new DataView(page.buffer).setUint32(18, number, true);
      return withChecksum(page);
    };
    const after = concatenate([...pages, copy(sequence + 1, { isLast: false })]);
    await expect(decodeEveryWay(after)).rejects.toThrow('the stream goes on after its last page');

    const many = Array.from({ length: 20 }, (_, i) => copy(sequence + i, { isLast: i === 19 }));
    const early = concatenate([...pages.slice(0, -1), ...many]);
    await expect(decodeEveryWay(early)).rejects.toThrow(
      /last page ends at sample 24000, and \d+ came before/,
    );
  });
});

describe('the source', () => {
  const wav = makeWav({ channels: [ramp(5_000)], sampleRate: 1_000 });

  /** `bytes` as a stream that tells whether somebody still holds it. */
  function watch(bytes: Uint8Array): { stream: AsyncIterable<Uint8Array>; isOpen: () => boolean } {
    let isOpen = true;
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        yield* streamOf(bytes, [500]);
      } finally {
        isOpen = false;
      }
    }
    return { stream: stream(), isOpen: () => isOpen };
  }

  test('is let go before, amid and after the blocks', async () => {
    for (const blocks of [0, 1, 5]) {
      const { stream, isOpen } = watch(wav);
      const reader = await openAudio(stream);
      const iterator = reader.blocks()[Symbol.asyncIterator]();
      for (let i = 0; i < blocks; i++) await iterator.next();
      expect(isOpen()).toBe(true);
      await reader.dispose();
      expect(isOpen()).toBe(false);
      await reader.dispose();
    }
  });

  test('is let go at the end, and by who leaves the loop', async () => {
    const whole = watch(wav);
    await readUp(whole.stream);
    expect(whole.isOpen()).toBe(false);
    const left = watch(wav);
    for await (const _ of (await openAudio(left.stream)).blocks()) break;
    expect(left.isOpen()).toBe(false);
  });

  test('is let go at a fault, in the header or later', async () => {
    for (const bytes of [wav.subarray(0, -1), new TextEncoder().encode('No sound. '.repeat(30_000))]) {
      const { stream, isOpen } = watch(bytes);
      expect((await readUp(stream)).error).toBeInstanceOf(MarsError);
      expect(isOpen()).toBe(false);
    }
  });

  test('that fails is no damage of the recording', async () => {
    async function* failing(error: unknown): AsyncGenerator<Uint8Array> {
      yield* streamOf(wav.subarray(0, 6_000), [500]);
      throw error;
    }
    const torn = new Error('the connection was reset');
    const { lengths, error } = await readUp(failing(torn));
    expect(lengths).toEqual([1_000, 1_000]);
    expect(error).toEqual(code('FILE_UNREADABLE'));
    expect(error).toMatchObject({ cause: torn });
    expect(String(error)).toContain('at byte 6000 (the connection was reset)');
    const own = new MarsError('FILE_NOT_FOUND', 'gone');
    expect((await readUp(failing(own))).error).toBe(own);
  });

  test('is a file that is changed while it is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mars-'));
    try {
      const file = join(folder, 'meeting.wav');
      const long = makeWav({ channels: [ramp(2_000_000)], sampleRate: 100_000 });
      await writeFile(file, long);
      await using reader = await openAudio(await openAsBlob(file));
      const blocks: number[] = [];
      const read = async (): Promise<void> => {
        for await (const block of reader.blocks()) {
          if (blocks.push(block.length) === 1) await writeFile(file, long.subarray(0, 1_000));
        }
      };
      await expect(read()).rejects.toEqual(code('FILE_UNREADABLE'));
      // A megabyte had been read ahead.
      expect(blocks).toEqual([100_000, 100_000, 100_000, 100_000, 100_000]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('is bytes, and neither a path nor text', async () => {
    await expect(openAudio('clip.wav' as never)).rejects.toEqual(code('CONFIG_INVALID'));
    async function* texts(): AsyncGenerator<string> {
      yield 'RIFF';
    }
    await expect(openAudio(texts() as never)).rejects.toThrow('gave a string; pieces of Uint8Array');
    await expect(readAll(new Blob([]))).rejects.toEqual(code('AUDIO_EMPTY'));
  });
});
