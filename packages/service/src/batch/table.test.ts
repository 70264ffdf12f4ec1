import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isTable, readTable } from './table.ts';

const folder = await mkdtemp(join(tmpdir(), 'mars-table-'));
afterAll(() => rm(folder, { recursive: true }));

async function table(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const LISTED = [
  { id: '7', file: 'a.wav', path: join(folder, 'a.wav') },
  { id: 'x,"y', file: '/calls/b.mp3' },
  { id: '9', file: 'https://example.org/c.opus' },
];

test('a CSV, whatever else stands in it', async () => {
  const text =
    '\uFEFFId,agent,File,url\r\n7,ann,a.wav,\r\n"x,""y",bob,/calls/b.mp3,\r\n\r\n9,,,https://example.org/c.opus\r\n';
  expect(await readTable(await table('a.csv', text))).toEqual(LISTED);
});

test('a recording without an id among others, and a URL as a file: what a query makes of a result', async () => {
  const path = await table('again.csv', 'id,file\n,b.wav\n9,https://example.org/c.opus\n');
  expect(await readTable(path)).toEqual([
    { file: 'b.wav', path: join(folder, 'b.wav') },
    { id: '9', file: 'https://example.org/c.opus' },
  ]);
});

test('JSON Lines', async () => {
  const text =
    '{"id":7,"file":"a.wav"}\n\n{"id":"x,\\"y","file":"/calls/b.mp3","agent":{}}\n{"id":"9","url":"https://example.org/c.opus"}';
  expect(await readTable(await table('a.jsonl', text))).toEqual(LISTED);
});

test.each([
  ['a.csv', 'id,file\n', 'no rows'],
  ['a.csv', 'id,file\n1,a.wav\n2,\n', 'line 3 has neither'],
  ['a.csv', 'file\na.wav\n', 'line 2 has no id'],
  ['a.csv', 'id,file,url\n1,a.wav,http://x\n', 'line 2 has a file and a url'],
  ['a.csv', 'id,url\n1,file:///etc/passwd\n', 'with http: or https:'],
  ['a.csv', 'id,file\n1,a.wav,b\n', 'no CSV'],
  ['a.jsonl', '{"id":1,"file":"a.wav"}\n{"id":2', 'line 2 is no JSON'],
  ['a.jsonl', '[1]', 'line 1 is no JSON object'],
  ['a.jsonl', '{"id":1,"file":{"a":1}}', 'line 1 has {"a":1} as its file'],
])('%s of %j is refused: %s', async (name, text, message) => {
  const path = await table(name, text);
  await expect(readTable(path)).rejects.toMatchObject({
    code: 'BATCH_INVALID',
    message: expect.stringContaining(message),
  });
});

test('one that is not there', async () => {
  await expect(readTable(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'BATCH_INVALID' });
});

test('tables are told by their names', () => {
  expect(['a.csv', 'b/A.JSONL', 'c.ndjson', 'https://x/a.csv', 'a.wav'].map(isTable)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
