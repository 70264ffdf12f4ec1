import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEveryWay } from './decode-fixture.ts';
import { chunk, concatenate, makeWav, WAV_CODINGS } from './wav-fixture.ts';
import { encodeWav } from './wav-writer.ts';

const RAMP = [-1, -0.5, -0.0078125, 0, 0.0078125, 0.5, 0.9921875];
const code = (value: string): object => expect.objectContaining({ name: 'MarsError', code: value });

describe('every coding, plain and extensible, of 1, 2, 3 and 8 channels', () => {
  for (const [name, coding] of Object.entries(WAV_CODINGS)) {
    for (const extensible of [false, true]) {
      for (const count of [1, 2, 3, 8]) {
        test(`${name}, ${extensible ? 'extensible' : 'plain'}, ${count} channels`, async () => {
          // Every channel has the ramp, begun at another place.
          const channels = Array.from({ length: count }, (_, c) =>
            RAMP.map((_, i) => RAMP[(i + c) % RAMP.length]),
          );
          const audio = await decodeEveryWay(makeWav({ channels, coding, extensible, sampleRate: 44_100 }));
          const mean = RAMP.map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / count);
          expect(audio).toEqual({ samples: Float32Array.from(mean), sampleRate: 44_100 });
        });
      }
    }
  }

  for (const [name, tag, full] of [
    ['A-law', 6, 32256],
    ['µ-law', 7, 32124],
  ] as const) {
    for (const extensible of [false, true]) {
      test(`${name}, ${extensible ? 'extensible' : 'plain'}`, async () => {
        const write = (view: DataView, offset: number, sample: number): void => view.setUint8(offset, sample);
        const codes = tag === 6 ? [0xaa, 0x2a] : [0x80, 0x00];
        const wav = makeWav({
          channels: [codes],
          coding: { tag, bits: 8, write },
          extensible,
          sampleRate: 8_000,
        });
        const { samples } = await decodeEveryWay(wav);
        expect(samples).toEqual(Float32Array.of(full / 32768, -full / 32768));
      });
    }
  }

  test('12 bits are left-justified in 16', async () => {
    const coding = { ...WAV_CODINGS['PCM 16'], bits: 12 };
    expect((await decodeEveryWay(makeWav({ channels: [RAMP], coding }))).samples).toEqual(
      Float32Array.from(RAMP),
    );
  });
});

describe('the layout of the file', () => {
  const samples = Float32Array.from(RAMP);
  const sound = { channels: [RAMP] };

  test.each([
    [
      'unknown chunks, one of odd length, before the data',
      { before: [chunk('LIST', new Uint8Array(3)), chunk('bext', new Uint8Array(8))] },
    ],
    ['sizes of 0 as written to a pipe', { dataSize: 0, riffSize: 0 }],
    ['sizes of 0xFFFFFFFF as ffmpeg writes them to a pipe', { dataSize: 0xffff_ffff, riffSize: 0xffff_ffff }],
    ['sizes as SoX writes them to a pipe', { dataSize: 0x7fff_f000, riffSize: 0x7fff_f024 }],
  ])('%s', async (_, parts) => {
    expect((await decodeEveryWay(makeWav({ ...sound, ...parts }))).samples).toEqual(samples);
  });

  test('chunks after the data are no sound', async () => {
    const wav = concatenate([makeWav(sound), chunk('LIST', new Uint8Array(40))]);
    expect((await decodeEveryWay(wav)).samples).toEqual(samples);
  });

  test('a view into a larger buffer, at an odd offset', async () => {
    const padded = concatenate([new Uint8Array(3), makeWav(sound), new Uint8Array(5)]);
    expect((await decodeEveryWay(padded.subarray(3, -5))).samples).toEqual(samples);
  });

  test('RF64 takes its size from ds64, and sees from it what is missing', async () => {
    const ds64 = (dataSize: number): Uint8Array =>
      chunk('ds64', new Uint8Array(BigUint64Array.of(0n, BigInt(dataSize), 0n, 0n).buffer));
    const rf64 = (dataSize: number): Uint8Array =>
      makeWav({
        ...sound,
        magic: 'RF64',
        before: [ds64(dataSize)],
        dataSize: 0xffff_ffff,
        riffSize: 0xffff_ffff,
      });
    expect((await decodeEveryWay(rf64(14))).samples).toEqual(samples);
    await expect(decodeEveryWay(rf64(1000))).rejects.toThrow('986 of 1000 bytes of sound are missing');
  });
});

describe('files that cannot be read', () => {
  const header = makeWav({ channels: [RAMP] });

  test('a cut file says how much is missing', async () => {
    const cut = decodeEveryWay(header.subarray(0, -5));
    await expect(cut).rejects.toEqual(code('AUDIO_TRUNCATED'));
    await expect(cut).rejects.toThrow('5 of 14 bytes of sound are missing');
  });

  test.each([
    ['no samples', makeWav({ channels: [[]] }), 'AUDIO_EMPTY'],
    ['cut within the header', header.subarray(0, 30), 'AUDIO_UNREADABLE'],
    ['cut before the data chunk', header.subarray(0, 36), 'AUDIO_TRUNCATED'],
    [
      'PCM of 64 bits',
      makeWav({ channels: [RAMP], coding: { ...WAV_CODINGS['float 64'], tag: 1 } }),
      'AUDIO_UNSUPPORTED',
    ],
    [
      'MP3 in WAV',
      makeWav({ channels: [RAMP], coding: { ...WAV_CODINGS['PCM 16'], tag: 0x55 } }),
      'AUDIO_UNSUPPORTED',
    ],
    ['a rate of 3 Hz', makeWav({ channels: [RAMP], sampleRate: 3 }), 'AUDIO_UNSUPPORTED'],
    ['NaN', makeWav({ channels: [[0, NaN]], coding: WAV_CODINGS['float 32'] }), 'AUDIO_NOT_FINITE'],
    ['infinity', makeWav({ channels: [[0, Infinity]], coding: WAV_CODINGS['float 32'] }), 'AUDIO_NOT_FINITE'],
    [
      'what float32 cannot hold',
      makeWav({ channels: [[1e300]], coding: WAV_CODINGS['float 64'] }),
      'AUDIO_NOT_FINITE',
    ],
  ])('%s', async (_, bytes, expected) => {
    await expect(decodeEveryWay(bytes)).rejects.toEqual(code(expected));
  });
});

describe('encodeWav', () => {
  const audio = fc.record({
    samples: fc.float32Array({ minLength: 1, min: -1, max: Math.fround(32767 / 32768), noNaN: true }),
    sampleRate: fc.integer({ min: 1_000, max: 768_000 }),
  });

  test('float32 comes back bit for bit', () =>
    fc.assert(
      fc.asyncProperty(audio, async (audio) => {
        expect(await decodeEveryWay(encodeWav(audio, { format: 'float32' }))).toEqual(audio);
      }),
    ));

  test('pcm16 comes back within half a step', () =>
    fc.assert(
      fc.asyncProperty(audio, async (audio) => {
        const { samples, sampleRate } = await decodeEveryWay(encodeWav(audio));
        expect(sampleRate).toBe(audio.sampleRate);
        expect(samples.length).toBe(audio.samples.length);
        samples.forEach((sample, i) =>
          expect(Math.abs(sample - audio.samples[i])).toBeLessThanOrEqual(0.5 / 32768),
        );
      }),
    ));

  test('pcm16 clips what lies outside', async () => {
    const bytes = encodeWav({ samples: Float32Array.of(1.5, -1.5, 1, -1), sampleRate: 8_000 });
    expect((await decodeEveryWay(bytes)).samples).toEqual(
      Float32Array.of(32767 / 32768, -1, 32767 / 32768, -1),
    );
  });
});
