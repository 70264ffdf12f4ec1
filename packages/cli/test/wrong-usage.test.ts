import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PROTOCOL_DESCRIPTIONS } from '@mars/training/choices';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSyntheticCorpus } from '../../training/test/synthetic-corpus.ts';
import { callMars, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);
beforeAll(() => writeSyntheticCorpus(join(folder, 'corpus')));

const CORPUS = ['--corpus', 'ravdess=corpus'];
const TRAIN = ['train', 'seed', '--out', 'new'];
const EVALUATE = ['evaluate', ...CORPUS, '--protocol', 'seed'];

describe('status 2, nothing on stdout, nothing written, and a word on stderr', () => {
  test.each([
    ['an unknown preset', ['train', 'sed', ...CORPUS, '--out', 'new'], 'CONFIG_INVALID'],
    ['no corpus', TRAIN, '--corpus'],
    ['a corpus without a name', [...TRAIN, '-c', 'corpus'], 'CONFIG_INVALID'],
    ['a corpus without a folder', [...TRAIN, '-c', 'ravdess='], 'CONFIG_INVALID'],
    ['a corpus that is not there', [...TRAIN, '-c', 'ravdess=nowhere'], 'CORPUS_INVALID'],
    ['no epochs', [...TRAIN, ...CORPUS, '--epochs', '0'], 'A whole number from 1 upwards was expected'],
    ['a run folder that is a file', ['train', 'seed', ...CORPUS, '-o', 'tiny.onnx'], 'RUN_INVALID'],
    ['an unknown protocol', [...TRAIN, ...CORPUS, '-p', 'emobx'], 'there is seed, emobox, loso'],
    ['a protocol of no clips', [...TRAIN, ...CORPUS, '-p', 'enrol-0'], 'a whole number from 1 upwards'],
    ['one corpus for cross', [...TRAIN, ...CORPUS, '-p', 'cross'], 'Give at least two'],
    ['a test corpus without cross', [...TRAIN, ...CORPUS, '--test-corpus', 'ravdess'], 'Take protocol cross'],
    ['nothing to evaluate', EVALUATE, 'NO_INPUT'],
    ['a model and a run', [...EVALUATE, '-m', 'tiny.onnx', '-r', 'run'], 'cannot be used with'],
    ['a run that is none', [...EVALUATE, '-r', 'corpus'], 'RUN_INVALID'],
    ['an export of no run', ['export', 'corpus', '-o', 'new'], 'RUN_INVALID'],
  ])('%s', async (_, args, message) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await callMars(args, { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(await readdir(folder)).toEqual(before);
  });
});

test.each(['train', 'evaluate', 'export'])('%s --help teaches with examples', async (command) => {
  const { status, stdout } = await callMars([command, '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples:\\n {2}mars ${command} `));
});

test.each(['train', 'evaluate'])('%s --help says what every protocol is for', async (command) => {
  const { stdout } = await callMars([command, '--help']);
  const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/, ' '));
  for (const [name, description] of Object.entries(PROTOCOL_DESCRIPTIONS)) {
    expect(lines).toContain(`${name} ${description}`);
  }
});
