import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MarsError } from '../errors.ts';
import { decodeAudio } from './decode.ts';
import { decodeEveryWay } from './decode-fixture.ts';
import { makeFlac } from './flac-fixture.ts';
import { splitPages, withChecksum } from './ogg-fixture.ts';
import { concatenate, makeWav, WAV_CODINGS } from './wav-fixture.ts';

// A plain array: `slice` of a Node Buffer is a view.
const fixture = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`fixtures/${name}`, import.meta.url)));
const code = (value: string): object => expect.objectContaining({ name: 'MarsError', code: value });
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** fixtures/README.md: every file is a 1 kHz sine. LAME plays it at 0.95 of its level. */
const TONES = [
  { name: 'mono-16k.flac', sampleRate: 16_000, length: 8_000, amplitude: 0.5 },
  { name: 'stereo-192k-24bit.flac', sampleRate: 192_000, length: 3_840, amplitude: 0.375 },
  { name: 'eight-channels.flac', sampleRate: 48_000, length: 2_400, amplitude: 0.45 },
  { name: 'unknown-length.flac', sampleRate: 16_000, length: 8_000, amplitude: 0.5 },
  { name: 'mono-16k.flac.ogg', sampleRate: 16_000, length: 8_000, amplitude: 0.5 },
  { name: 'stereo-id3.mp3', sampleRate: 44_100, length: 22_050, amplitude: 0.375 * 0.95 },
  { name: 'mono-8k.mp3', sampleRate: 8_000, length: 4_000, amplitude: 0.5 * 0.95 },
  // Without a header frame nobody tells the encoder's padding: 16 whole frames of 576.
  { name: 'bare-16k.mp3', sampleRate: 16_000, length: 9_216, amplitude: 0.5 * 0.95 },
  { name: 'mono-48k.mp2', sampleRate: 48_000, length: 24_192, amplitude: 0.5 },
  { name: 'stereo-48k.vorbis.ogg', sampleRate: 48_000, length: 24_000, amplitude: 0.375 },
  { name: 'mono-8k.vorbis.ogg', sampleRate: 8_000, length: 4_000, amplitude: 0.5 },
  { name: 'stereo.opus', sampleRate: 48_000, length: 24_000, amplitude: 0.375 },
  { name: 'mono-from-16k.opus', sampleRate: 48_000, length: 24_000, amplitude: 0.5 },
];

/** Without a count of samples or frames, a file that ends between two frames looks whole. */
const BETWEEN_FRAMES = ['bare-16k.mp3', 'mono-48k.mp2', 'unknown-length.flac'];

/** Amplitude of the 1 kHz sine in the middle half, and how much of the energy there it is. */
function measureTone(samples: Float32Array, sampleRate: number): { amplitude: number; purity: number } {
  // A whole number of periods, so that sine and cosine are orthogonal.
  const period = sampleRate / 100;
  const count = Math.floor(samples.length / 2 / period) * period;
  const from = Math.floor(samples.length / 4);
  let [sine, cosine, energy] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * 1_000 * i) / sampleRate;
    const sample = samples[from + i];
    sine += sample * Math.sin(angle);
    cosine += sample * Math.cos(angle);
    energy += sample * sample;
  }
  const amplitude = (2 / count) * Math.hypot(sine, cosine);
  return { amplitude, purity: (amplitude * amplitude * count) / 2 / energy };
}

describe('encoded tones come back with their rate, length, frequency and level', () => {
  test.each(TONES)('$name', async ({ name, sampleRate, length, amplitude }) => {
    const audio = await decodeEveryWay(await fixture(name));
    expect(audio.sampleRate).toBe(sampleRate);
    expect(audio.samples).toHaveLength(length);
    const tone = measureTone(audio.samples, sampleRate);
    expect(tone.amplitude / amplitude).toBeCloseTo(1, 1.5);
    expect(tone.purity).toBeGreaterThan(0.99);
  });

  test('lossless codings are exact to a step of 16 bits', async () => {
    const { samples } = await decodeEveryWay(await fixture('mono-16k.flac'));
    samples.forEach((sample, i) => {
      const expected = 0.5 * Math.sin((2 * Math.PI * 1_000 * i) / 16_000);
      expect(Math.abs(sample - expected)).toBeLessThanOrEqual(1 / 32768);
    });
  });

  test.each([8, 16, 24] as const)('a FLAC of %i bits is the WAV of the same samples', async (bits) => {
    // Of 16 bits every value there is, of 24 as many, spread evenly.
    const channel = (seed: number) =>
      Array.from(
        { length: 1 << 16 },
        (_, i) => (Math.imul(i + seed, 0x9e37_79b1) >> (32 - bits)) / 2 ** (bits - 1),
      );
    for (const channels of [[channel(0)], [channel(0), channel(1), channel(2)]]) {
      const wav = await decodeEveryWay(makeWav({ channels, coding: WAV_CODINGS[`PCM ${bits}`] }));
      const flac = await decodeEveryWay(makeFlac({ channels, bits }));
      expect(flac.sampleRate).toBe(wav.sampleRate);
      expect(flac.samples).toHaveLength(1 << 16);
      expect(flac.samples.findIndex((sample, i) => sample !== wav.samples[i])).toBe(-1);
    }
  });

  test('the one sample of the shortest recording', async () => {
    const { samples, sampleRate } = await decodeEveryWay(await fixture('one-sample.flac'));
    expect(samples).toHaveLength(1);
    expect(samples[0]).toBeCloseTo(0.5, 4);
    expect(sampleRate).toBe(8_000);
  });

  test('Opus and Vorbis begin where the recording began', async () => {
    // A sine that begins at 0. Opus's own filters shift it by two samples, 0.3 radians; the samples to skip at the start,
    // left in or taken twice, would turn it by half a period.
    for (const name of ['stereo.opus', 'stereo-48k.vorbis.ogg']) {
      const { samples } = await decodeEveryWay(await fixture(name));
      let [sine, cosine] = [0, 0];
      for (let i = 4_800; i < 19_200; i++) {
        sine += samples[i] * Math.sin((2 * Math.PI * i) / 48);
        cosine += samples[i] * Math.cos((2 * Math.PI * i) / 48);
      }
      expect(Math.abs(Math.atan2(cosine, sine))).toBeLessThan(0.5);
    }
  });
});

describe('whole files in other wrappings', () => {
  test('FLAC and MP3 after an ID3v2 tag, MP3 before an ID3v1 tag', async () => {
    const id3v2 = concatenate([ascii('ID3\x04\0\0\0\0\x01\x02'), new Uint8Array(130)]);
    const id3v1 = concatenate([ascii('TAG'), new Uint8Array(125)]);
    for (const [name, tail] of [
      ['mono-16k.flac', new Uint8Array(0)],
      ['bare-16k.mp3', id3v1],
    ] as const) {
      const bare = await fixture(name);
      expect(await decodeEveryWay(concatenate([id3v2, bare, tail]))).toEqual(await decodeEveryWay(bare));
    }
  });

  test.each(['stereo.opus', 'mono-8k.vorbis.ogg', 'mono-16k.flac.ogg'])(
    '%s chained to itself',
    async (name) => {
      const once = await fixture(name);
      const { samples, sampleRate } = await decodeEveryWay(once);
      const twice = await decodeEveryWay(concatenate([once, once]));
      expect(twice).toEqual({ samples: Float32Array.from([...samples, ...samples]), sampleRate });
    },
  );

  test('a live Ogg stream without its end-of-stream page is read as far as it goes', async () => {
    const pages = splitPages(await fixture('stereo-48k.vorbis.ogg'));
    const opus = splitPages(await fixture('stereo.opus'));
    expect(pages.length).toBeGreaterThan(2);
    const last = opus.at(-1)!;
    last[5] &= ~4;
    const { samples } = await decodeEveryWay(concatenate([...opus.slice(0, -1), withChecksum(last)]));
    expect(samples.length).toBeGreaterThanOrEqual(24_000);
    expect(samples.length).toBeLessThan(24_000 + 960);
  });

  test('a second stream beside the sound is passed over', async () => {
    const [first, ...rest] = splitPages(await fixture('mono-8k.vorbis.ogg'));
    const skeleton = concatenate([first.subarray(0, 26), Uint8Array.of(1, 8), ascii('fishead\0')]);
    skeleton[14] ^= 0xff;
    const beside = await decodeEveryWay(concatenate([withChecksum(skeleton), first, ...rest]));
    expect(beside).toEqual(await decodeEveryWay(await fixture('mono-8k.vorbis.ogg')));
  });
});

describe('what is missing or damaged is said', () => {
  test.each(TONES.filter(({ name }) => !BETWEEN_FRAMES.includes(name)))(
    '$name cut anywhere is an error',
    async ({ name }) => {
      const whole = await fixture(name);
      for (let part = 0.02; part < 1; part += 0.07) {
        const cut = whole.subarray(0, Math.floor(whole.length * part));
        await expect(decodeEveryWay(cut)).rejects.toEqual(expect.objectContaining({ name: 'MarsError' }));
      }
      await expect(decodeEveryWay(whole.subarray(0, -1))).rejects.toEqual(code('AUDIO_TRUNCATED'));
    },
  );

  test('MP3 without a count of its frames is an error unless it ends between two of them', async () => {
    const whole = await fixture('bare-16k.mp3');
    await expect(decodeEveryWay(whole.subarray(0, -50))).rejects.toThrow(
      '50 bytes before its last frame does',
    );
    // 24 kbit/s at 16 kHz: 108 bytes a frame.
    expect((await decodeEveryWay(whole.subarray(0, -108))).samples).toHaveLength(9_216 - 576);
  });

  test('keeps the last frames where they are tiny, as those of digital silence are', async () => {
    const { samples } = await decodeEveryWay(await fixture('trailing-silence.flac'));
    expect(samples).toHaveLength(5_600);
    expect(samples.subarray(3_200).every((sample) => sample === 0)).toBe(true);
  });

  test('FLAC of unknown length is an error unless it ends between two frames', async () => {
    const whole = await fixture('unknown-length.flac');
    const ends: number[] = [];
    for (let end = 42; end < whole.length; end++) {
      // A stream has to be decoded to its end before that is seen.
      const decode = end % 100 === 0 ? decodeEveryWay : decodeAudio;
      const length = await decode(whole.subarray(0, end)).then(
        ({ samples }) => samples.length,
        (error: MarsError) => error.code,
      );
      if (length !== 'AUDIO_TRUNCATED') ends.push(Number(length));
    }
    // Frames of 1152 samples, the last of 1088.
    expect(ends).toEqual([1152, 2304, 3456, 4608, 5760, 6912]);
  });

  test('FLAC says how many samples are missing', async () => {
    const whole = await fixture('mono-16k.flac');
    await expect(decodeEveryWay(whole.subarray(0, -200))).rejects.toThrow(/\d+ of 8000 samples are missing/);
    const damaged = whole.slice();
    damaged[whole.length / 2] ^= 1;
    await expect(decodeEveryWay(damaged)).rejects.toThrow(/\d+ of 8000 samples are missing/);
  });

  test('Ogg says where the damage is: a wrong checksum, a page lost, no page', async () => {
    const pages = splitPages(await fixture('mono-16k.flac.ogg'));
    const flipped = pages.map((page) => page.slice());
    flipped[1][30] ^= 1;
    await expect(decodeEveryWay(concatenate(flipped))).rejects.toThrow(
      `damaged at byte ${pages[0].length}: the checksum`,
    );

    const sequence = [3, 4, 5].map((number) => {
      const page = pages.at(-1)!.slice();
      page[18] = number;
      page[5] &= ~4;
      return withChecksum(page);
    });
    const lost = concatenate([...pages.slice(0, -1), sequence[0], sequence[2]]);
    await expect(decodeEveryWay(lost)).rejects.toThrow('page 5 of the stream follows page 3');

    const torn = concatenate([pages[0], new Uint8Array(40), ...pages.slice(1)]);
    await expect(decodeEveryWay(torn)).rejects.toThrow(`damaged at byte ${pages[0].length}: no Ogg page`);
  });

  test('a hole in an MP3 is damage, not a jump', async () => {
    const whole = await fixture('bare-16k.mp3');
    const hole = whole.slice().fill(0, 500, 700);
    await expect(decodeEveryWay(hole)).rejects.toEqual(code('AUDIO_UNREADABLE'));
  });
});

describe('what is no recording, or one that is not read', () => {
  test('no bytes', () => expect(decodeEveryWay(new Uint8Array(0))).rejects.toEqual(code('AUDIO_EMPTY')));

  test('other files: the message shows how they begin', async () => {
    const text = decodeEveryWay(ascii('Dear Sir or Madam, '.repeat(300)));
    await expect(text).rejects.toEqual(code('AUDIO_UNREADABLE'));
    await expect(text).rejects.toThrow("44 65 61 72 20 53 69 72 ('Dear Sir')");
  });

  test.each([
    ['M4A', '\0\0\0\x20ftypM4A '],
    ['WebM', '\x1a\x45\xdf\xa3\x9f\x42\x86\x81'],
    ['AIFF', 'FORM\0\0\x10\0AIFF'],
    ['AMR', '#!AMR\n'],
    ['WMA', '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9'],
    ['AAC', '\xff\xf1\x50\x80'],
    ['AVI', 'RIFF\0\0\0\0AVI LIST'],
  ])('%s is named, with how to convert it', async (name, start) => {
    const bytes = concatenate([ascii(start), new Uint8Array(200)]);
    await expect(decodeEveryWay(bytes)).rejects.toEqual(code('AUDIO_UNSUPPORTED'));
    await expect(decodeEveryWay(bytes)).rejects.toThrow(new RegExp(`${name}.*ffmpeg -i`));
  });

  test('Speex in Ogg', async () => {
    const [first] = splitPages(await fixture('stereo.opus'));
    const speex = concatenate([first.subarray(0, 26), Uint8Array.of(1, 8), ascii('Speex   ')]);
    await expect(decodeEveryWay(withChecksum(speex))).rejects.toThrow(
      "holds 'Speex   '; Vorbis, Opus and FLAC are read",
    );
  });

  test('an ID3 tag with nothing after it', () =>
    expect(decodeEveryWay(ascii('ID3\x04\0\0\0\0\0\x04abcd'))).rejects.toEqual(code('AUDIO_UNREADABLE')));
});

describe('whatever comes, the answer is Audio or a MarsError', () => {
  const isAnswer = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      const { samples, sampleRate } = await decodeEveryWay(bytes, { anyError: true });
      return samples.length > 0 && samples.every((sample) => Number.isFinite(sample)) && sampleRate >= 1_000;
    } catch (error) {
      return error instanceof MarsError;
    }
  };

  test('random bytes, bare and after every magic', async () => {
    const magic = fc.constantFrom(
      '',
      'RIFF\0\0\0\0WAVE',
      'RIFF\0\0\0\0WAVEfmt ',
      'fLaC',
      'OggS',
      'ID3',
      '\xff\xfb\x90',
    );
    await fc.assert(
      fc.asyncProperty(magic, fc.uint8Array({ maxLength: 300 }), async (start, bytes) => {
        expect(await isAnswer(concatenate([ascii(start), bytes]))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  const wav = makeWav({
    channels: [
      [0, 0.5, -0.5],
      [0, 0, 0],
    ],
    coding: WAV_CODINGS['float 32'],
    extensible: true,
  });
  const names = [
    'WAV',
    'mono-16k.flac',
    'unknown-length.flac',
    'mono-16k.flac.ogg',
    'stereo-id3.mp3',
    'bare-16k.mp3',
  ];
  test.each([...names, 'mono-8k.vorbis.ogg', 'stereo.opus'])(
    '%s, cut and with bytes changed',
    async (name) => {
      const whole = name === 'WAV' ? wav : await fixture(name);
      const place = fc.nat(whole.length - 1);
      const changes = fc.array(fc.tuple(place, fc.nat(255)), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(fc.option(place, { nil: whole.length }), changes, async (end, changes) => {
          const bytes = whole.slice();
          for (const [offset, value] of changes) bytes[offset] = value;
          expect(await isAnswer(bytes.subarray(0, end))).toBe(true);
        }),
        { numRuns: name === 'WAV' ? 1_000 : 40 },
      );
    },
  );
});
