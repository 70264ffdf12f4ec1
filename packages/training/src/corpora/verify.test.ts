import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { encodeWav, type WavFormat } from '@mars/core';
import { describe, expect, test } from 'vitest';
import { makeFlac } from '../../../core/src/audio/flac-fixture.ts';
import { folderOf } from '../../test/folders.ts';
import { sing } from '../../test/synthetic-corpus.ts';
import { verifyCorpus } from './verify.ts';

/** Recordings by path: a name is sung (the same name gives the same sound), bytes are taken as they are. */
async function corpusOf(recordings: Record<string, string | Uint8Array>): Promise<string> {
  const root = await folderOf();
  for (const [path, content] of Object.entries(recordings)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), typeof content === 'string' ? encodeWav(sing(content, 1, 3)) : content);
  }
  return root;
}

function wav(samples: Float32Array, format: WavFormat = 'pcm16'): Uint8Array {
  return encodeWav({ samples, sampleRate: 8000 }, { format });
}

const verify = (root: string, name = 'mine') => verifyCorpus(name, root, { workers: 0 });

test('a sound corpus has numbers and no findings', async () => {
  const root = await corpusOf({ 'happy/a.wav': 'a', 'happy/b.wav': 'b', 'sad/c.wav': 'c' });
  const check = await verify(root);
  expect(check).toMatchObject({
    corpus: 'mine',
    path: root,
    clips: 3,
    expectedClips: null,
    leftOut: 0,
    emotions: { happy: 2, sad: 1 },
    speakers: { unknown: { happy: 2, sad: 1 } },
    channels: { unknown: { happy: 2, sad: 1 } },
    sampleRates: { 8000: 3 },
    findings: [],
  });
  expect(check.durationSec).toBeGreaterThan(1);
});

describe('findings', () => {
  test('the same audio under two labels is a conflict, under one a duplicate, whatever the bytes', async () => {
    const { samples } = sing('x', 1, 3);
    const sixteenBit = samples.map((value) => Math.round(value * 32768) / 32768);
    const root = await corpusOf({
      'happy/a.wav': wav(sixteenBit),
      'sad/b.wav': wav(sixteenBit, 'float32'),
      'sad/c.wav': 'c',
      'sad/d.wav': 'c',
    });
    expect((await verify(root)).findings).toEqual([
      {
        kind: 'conflict',
        clips: ['happy/a.wav', 'sad/b.wav'],
        message: 'the same audio in different files under the labels happy and sad',
        leftOut: false,
      },
      {
        kind: 'duplicate',
        clips: ['sad/c.wav', 'sad/d.wav'],
        message: 'the same file, sad each time',
        leftOut: false,
      },
    ]);
  });

  test('a FLAC and the WAV of the same samples are one recording', async () => {
    const samples = sing('y', 1, 3).samples.map((value) => Math.round(value * 32_768) / 32_768);
    const root = await corpusOf({
      'sad/a.flac': makeFlac({ channels: [Array.from(samples)], bits: 16 }),
      'sad/a.wav': encodeWav({ samples, sampleRate: 16_000 }),
    });
    expect((await verify(root)).findings).toMatchObject([
      {
        kind: 'duplicate',
        clips: ['sad/a.flac', 'sad/a.wav'],
        message: 'the same audio in different files, sad each time',
      },
    ]);
  });

  test('two speakers of one recording contradict each other', async () => {
    const root = await corpusOf({ 'a.wav': 'a', 'b.wav': 'a' });
    await writeFile(join(root, 't.csv'), 'file,emotion,speaker\na.wav,sad,Ann\nb.wav,sad,Bob\n');
    expect((await verify(join(root, 't.csv'))).findings).toMatchObject([
      { kind: 'conflict', message: 'the same file under the speakers Ann and Bob' },
    ]);
  });

  test('silence is no duplicate of silence', async () => {
    const root = await corpusOf({
      'sad/a.wav': wav(new Float32Array(4000)),
      'happy/b.wav': wav(new Float32Array(4000)),
      'happy/c.wav': wav(new Float32Array(4000).fill(0.0005)),
    });
    expect((await verify(root)).findings).toMatchObject([
      { kind: 'silent', clips: ['happy/b.wav'], message: 'digital silence' },
      { kind: 'silent', clips: ['happy/c.wav'], message: 'nothing above -66 dBFS' },
      { kind: 'silent', clips: ['sad/a.wav'] },
    ]);
  });

  test('unreadable, cut off, not there: each with its code, and the others still heard', async () => {
    const whole = wav(sing('z', 1, 3).samples);
    const root = await corpusOf({
      'a.wav': 'a',
      'b.wav': new TextEncoder().encode('no sound'),
      'c.wav': whole.slice(0, 900),
    });
    const rows = ['a', 'b', 'c', 'd'].map((name) => `${name}.wav,sad,Ann`);
    await writeFile(join(root, 't.csv'), ['file,emotion,speaker', ...rows].join('\n'));
    const { findings, sampleRates } = await verify(join(root, 't.csv'));
    expect(findings.map(({ kind, clips, message }) => [kind, clips[0], message.split(':')[0]])).toEqual([
      ['unreadable', 'b.wav', 'AUDIO_UNREADABLE'],
      ['unreadable', 'c.wav', 'AUDIO_TRUNCATED'],
      ['unreadable', 'd.wav', 'FILE_NOT_FOUND'],
    ]);
    expect(sampleRates).toEqual({ 8000: 1 });
  });

  test('clipping from a thousandth of the samples on', async () => {
    const loud = sing('loud', 1, 3).samples.map((value) => Math.max(-1, Math.min(1, 5 * value)));
    const oneClick = sing('click', 1, 3).samples.with(100, 1);
    const root = await corpusOf({ 'sad/loud.wav': wav(loud), 'sad/click.wav': wav(oneClick) });
    expect((await verify(root)).findings).toMatchObject([
      {
        kind: 'clipped',
        clips: ['sad/loud.wav'],
        message: expect.stringMatching(/^\d+\.\d\d % of the samples/),
      },
    ]);
  });

  test('a length far from all others', async () => {
    const names = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`sad/${i}.wav`, `clip ${i}`]));
    const root = await corpusOf({
      ...names,
      'sad/short.wav': wav(sing('short', 1, 3).samples.subarray(0, 400)),
      'sad/long.wav': wav(new Float32Array(80_000).map((_, i) => 0.3 * Math.sin(i / 5))),
    });
    expect((await verify(root)).findings.map(({ kind, clips }) => [kind, clips[0]])).toEqual([
      ['length', 'sad/long.wav'],
      ['length', 'sad/short.wav'],
    ]);
  });

  test('known faults are shown as left out, and what is not heard is said', async () => {
    const silence = wav(new Float32Array(4000));
    const root = await corpusOf({
      '1076_MTI_SAD_XX.wav': silence,
      '1006_TIE_NEU_XX.wav': 'a',
      '1001_DFA_ANG_XX.wav': 'b',
    });
    expect(await verify(root, 'crema-d')).toMatchObject({
      clips: 3,
      expectedClips: 7442,
      leftOut: 2,
      findings: [
        { kind: 'silent', clips: ['1076_MTI_SAD_XX.wav'], leftOut: true },
        { kind: 'known', clips: ['1006_TIE_NEU_XX.wav'], leftOut: true },
      ],
    });
  });
});

test('worker threads find the same, and tell how far they are', async () => {
  const root = await corpusOf({ 'happy/a.wav': 'a', 'sad/b.wav': 'a', 'sad/c.wav': 'c' });
  const progress: string[] = [];
  const check = await verifyCorpus('mine', root, {
    workers: 2,
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  });
  expect(check).toEqual(await verify(root));
  expect(progress).toEqual(['1/3', '2/3', '3/3']);
});

test('an abort ends it with its reason', async () => {
  const root = await corpusOf({ 'happy/a.wav': 'a' });
  const running = verifyCorpus('mine', root, { workers: 0, signal: AbortSignal.abort(new Error('enough')) });
  await expect(running).rejects.toThrow('enough');
});

const corpora = process.env['MARS_CORPORA'] ?? join(import.meta.dirname, '../../../../../shared/corpora');

/** A folder with links to some recordings of a corpus, so that a test need not decode all of it. */
async function someOf(corpus: string, pattern: RegExp): Promise<string> {
  const root = await folderOf();
  for (const path of await readdir(join(corpora, corpus), { recursive: true })) {
    if (!pattern.test(path)) continue;
    await symlink(join(corpora, corpus, path), join(root, basename(path)));
  }
  return root;
}

describe.skipIf(!existsSync(corpora))(
  `the known faults of the corpora in ${corpora} (skipped if not there; set MARS_CORPORA)`,
  () => {
    test('CREMA-D: one silence, three recordings under two labels, all left out of training', async () => {
      const root = await someOf('crema-d', /(1076_MTI|1006_TIE|1013_WSI|1017_IWW)_\w+\.\w+$/);
      const { findings, leftOut } = await verify(root, 'crema-d');
      const faults = findings.filter(({ kind }) => kind !== 'clipped' && kind !== 'length');
      expect(faults[0].message).toBe('digital silence');
      const names = faults.map(({ kind, clips }) => [kind, ...clips.map((id) => parse(id).name)].join(' '));
      expect(names).toEqual([
        'silent 1076_MTI_SAD_XX',
        'conflict 1006_TIE_HAP_XX 1006_TIE_NEU_XX',
        'conflict 1013_WSI_DIS_XX 1013_WSI_SAD_XX',
        'conflict 1017_IWW_ANG_XX 1017_IWW_FEA_XX',
      ]);
      expect(faults.every((fault) => fault.leftOut)).toBe(true);
      expect(leftOut).toBe(7);
    });

    test('RAVDESS: one recording twice', async () => {
      const { findings } = await verify(
        await someOf('ravdess', /03-01-03-01-0[12]-0[12]-07\.\w+$/),
        'ravdess',
      );
      expect(findings.map(({ kind, clips }) => [kind, ...clips.map((id) => parse(id).name)])).toEqual([
        ['duplicate', '03-01-03-01-02-01-07', '03-01-03-01-02-02-07'],
      ]);
    });
  },
);
