import { access, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callMars, jsonLines, mars, startMars, talk, voice, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

type Row = Record<string, string | number | null> & { file: string };

beforeAll(async () => {
  await mkdir(join(folder, 'calls'));
  await writeFile(join(folder, 'calls/talk.wav'), encodeWav({ samples: talk(), sampleRate: 16_000 }));
  await writeFile(join(folder, 'calls/word.wav'), encodeWav({ samples: voice(), sampleRate: 16_000 }));
  await writeFile(join(folder, 'calls/empty.wav'), '');
  await mkdir(join(folder, 'none'));
});

async function rowsIn(out: string): Promise<Row[]> {
  const parts = (await readdir(join(folder, out, 'parts'))).sort();
  const texts = await Promise.all(
    parts.map((part) => readFile(join(folder, out, 'parts', part, 'segments.jsonl'), 'utf8')),
  );
  return texts.flatMap((text) => jsonLines<Row>(text));
}

function exists(path: string): Promise<boolean> {
  return access(join(folder, path)).then(
    () => true,
    () => false,
  );
}

test('the rows are the segments of a timeline; what is done is done', async () => {
  const run = ['batch', 'run', 'calls', '--out', 'result', '--model', 'tiny.onnx', '--workers', '1'];
  const { status, stdout, stderr } = await callMars(run, { cwd: folder });
  expect(status).toBe(1);
  expect(stderr).toContain('3 recordings planned in result');
  expect(stdout).toContain('3 of 3, in 1 of 1 shard');
  expect(stdout).toMatch(/AUDIO_EMPTY +1/);

  const heard = await callMars(['classify', 'calls', '--timeline', '--json', '--model', 'tiny.onnx'], {
    cwd: folder,
  });
  const expected = jsonLines<{ file: string; segments?: { startSec: number; emotion: string }[] }>(
    heard.stdout,
  );
  const rows = await rowsIn('result');
  expect(rows.map(({ file, start_sec, emotion }) => ({ file, start_sec, emotion }))).toEqual(
    expected.flatMap(({ file, segments = [] }): object[] =>
      segments.length === 0
        ? [{ file, start_sec: null, emotion: null }]
        : segments.map(({ startSec, emotion }) => ({ file, start_sec: startSec, emotion })),
    ),
  );
  expect(rows.length).toBeGreaterThan(4);

  const before = await readFile(join(folder, 'result/parts/00000/part.json'), 'utf8');
  expect(await callMars(run, { cwd: folder })).toMatchObject({ status: 1, stdout });
  expect(await readFile(join(folder, 'result/parts/00000/part.json'), 'utf8')).toBe(before);

  const { stdout: json } = await callMars(['batch', 'status', 'result', '--json', '--verify'], {
    cwd: folder,
  });
  expect(JSON.parse(json)).toMatchObject({
    isDone: true,
    recordings: { total: 3, done: 3, failed: 1 },
    errors: [{ code: 'AUDIO_EMPTY', recordings: 1 }],
    leftSec: 0,
    damaged: [],
  });
});

test('kill -9 in the middle: it goes on by the plan, whatever has become of the folder', async () => {
  await mkdir(join(folder, 'many'));
  const files = Array.from({ length: 60 }, (_, index) => `many/${String(index).padStart(2, '0')}.wav`);
  for (const file of files) await cp(join(folder, 'calls/talk.wav'), join(folder, file));
  const run = [
    'batch',
    'run',
    'many',
    '--out',
    'killed',
    '--model',
    'tiny.onnx',
    '--shard-size',
    '5',
    '--workers',
    '1',
  ];
  const first = startMars(run, { cwd: folder });
  while (!(await exists('killed/parts/00001'))) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  first.kill('SIGKILL');
  await first.result;
  const done = (await readdir(join(folder, 'killed/parts'))).length;
  expect(done).toBeLessThan(12);

  await rm(join(folder, files[59]));
  await cp(join(folder, 'calls/word.wav'), join(folder, 'many/new.wav'));
  expect(await mars(['batch', 'run', '--out', 'killed'], { cwd: folder })).toMatchObject({ status: 1 });
  const rows = await rowsIn('killed');
  const perFile = new Map(
    [...Map.groupBy(rows, ({ file }) => file)].map(([file, some]) => [file, some.length]),
  );
  const perTalk = (await rowsIn('result')).filter(({ file }) => file === 'calls/talk.wav').length;
  expect(perFile).toEqual(new Map(files.map((file) => [file, file === files[59] ? 1 : perTalk])));
  expect(rows.at(-1)).toMatchObject({ file: files[59], error_code: 'FILE_NOT_FOUND' });
  expect(await exists('killed/unfinished')).toBe(false);
});

test('Ctrl-C says how to go on', async () => {
  const run = [
    'batch',
    'run',
    'many',
    '--out',
    'stopped',
    '--model',
    'tiny.onnx',
    '--shard-size',
    '5',
    '--workers',
    '1',
  ];
  const running = startMars(run, { cwd: folder });
  while (!(await exists('stopped/parts/00000'))) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  running.kill('SIGINT');
  const { status, stderr } = await running.result;
  expect(status).toBe(130);
  expect(stderr).toContain('Go on with: mars batch run --out stopped');
});

test('a table, a queue in the folder, and a worker', async () => {
  await writeFile(
    join(folder, 'calls.csv'),
    'id,file,topic\n17,calls/word.wav,billing\n18,calls/gone.wav,returns\n',
  );
  const submit = [
    'batch',
    'submit',
    'calls.csv',
    '--out',
    'queued',
    '--model',
    'tiny.onnx',
    '--shard-size',
    '1',
  ];
  const submitted = await callMars(submit, { cwd: folder });
  expect(submitted).toMatchObject({ status: 0, stdout: '' });
  expect(submitted.stderr).toContain('2 waiting, 0 being worked at');
  expect(await callMars(['batch', 'work', 'queued', '--workers', '1'], { cwd: folder })).toMatchObject({
    status: 1,
  });
  expect(await rowsIn('queued')).toMatchObject([
    { id: '17', file: 'calls/word.wav', error_code: null },
    { id: '18', file: 'calls/gone.wav', error_code: 'FILE_NOT_FOUND' },
  ]);
});

describe('status 2, nothing on stdout, and a word on stderr', () => {
  const model = ['--model', 'tiny.onnx'];
  test.each([
    ['nothing to plan', ['run', '--out', 'new'], 'NO_INPUT'],
    ['a folder without a recording', ['run', 'none', '--out', 'new', ...model], 'NO_INPUT'],
    ['a pattern of nothing', ['run', 'calls', '*.mp3', '--out', 'new', ...model], 'NO_INPUT'],
    ['a table that is none', ['run', 'gone.csv', '--out', 'new', ...model], 'BATCH_INVALID'],
    ['another option', ['run', '--out', 'result', '--hop', '1'], 'begin anew with another --out'],
    ['other inputs', ['run', 'many', '--out', 'result'], 'BATCH_INVALID'],
    ['another model', ['run', '--out', 'result', '--model', 'seed'], 'BATCH_INVALID'],
    ['a profile that was not planned', ['run', '--out', 'result', '--profile', 'calls.csv'], 'BATCH_INVALID'],
    [
      'an option that no model takes',
      ['run', 'calls', '--out', 'new', '--hop', '99', ...model],
      'CONFIG_INVALID',
    ],
    ['shards of nothing', ['run', 'calls', '--out', 'new', '--shard-size', '0'], '1 to 2000'],
    ['a status of nothing', ['status', 'calls'], 'is no batch'],
    ['work at nothing', ['work', 'calls'], 'is no batch'],
    ['no database', ['status', 'result', '--database', 'postgres://127.0.0.1:1/x'], 'DATABASE_FAILED'],
    ['a database of another kind', ['status', 'result', '--database', 'mysql://x/y'], 'CONFIG_INVALID'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await callMars(['batch', ...args], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(await exists('new')).toBe(false);
  });
});

test.each(['run', 'submit', 'work', 'status'])('%s --help teaches with examples', async (command) => {
  const { status, stdout } = await callMars(['batch', command, '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('Examples:\n  mars batch');
});
