import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { loadRecogniser, type LiveEvent } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModel } from '../../core/test/tiny-model.ts';
import { callMars, jsonLines, startMars, talk, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const TALK = talk();
const PCM = new Uint8Array(Int16Array.from(TALK, (sample) => Math.round(32_767 * sample)).buffer);
const LISTEN = ['listen', '--model', 'tiny.onnx'];

/** A folder of programs that stand for the system's recorders. */
async function recorders(name: string, scripts: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  for (const [command, script] of Object.entries(scripts)) {
    await writeFile(join(path, command), `#!/bin/sh\n${script}\n`);
    await chmod(join(path, command), 0o755);
  }
  return path;
}

beforeAll(() => writeFile(join(folder, 'talk.raw'), PCM));

describe('raw samples on stdin', () => {
  test('--json: the events of the library, then the summary', async () => {
    const samples = new Float32Array(TALK);
    const input = new Uint8Array(samples.buffer);
    const args = [...LISTEN, '--json', '--stdin', '--format', 'f32le', '--rate', '16000'];
    const { status, stdout, stderr } = await startMars(args, { cwd: folder, input }).result;
    await using recogniser = await loadRecogniser(tinyModel());
    const stream = recogniser.stream({ sampleRate: 16_000 });
    const expected = [...(await stream.push(samples)), ...(await stream.end())];
    const lines = jsonLines<LiveEvent | { type: 'summary' }>(stdout);
    expect(lines.slice(0, -1)).toEqual(expected);
    expect(expected.filter(({ type }) => type === 'utteranceEnd')).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ type: 'summary', durationSec: 9, shares: expect.any(Array) });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('for people: a line per utterance, and what they sum up to', async () => {
    const args = [...LISTEN, '--stdin', '--one-speaker'];
    const { status, stdout } = await startMars(args, { cwd: folder, input: PCM }).result;
    const [header, ...lines] = stdout.split('\n');
    expect(header).toMatch(/^ +start +end +emotion +confidence$/);
    expect(
      lines.filter((line) => /^ +0:0\d\.\d – +0:0\d\.\d {2}\w \w+\?? +[█-▏·]{10} +\d+%$/u.test(line)),
    ).toHaveLength(3);
    expect(stdout).toMatch(
      /^9\.0 s heard, of which speech \d\.\d s\n {2}voice known from up to 2 earlier utterances/m,
    );
    expect(status).toBe(0);
  });

  test('lines come while it listens; Ctrl-C ends it with the summary, and that is no failure', async () => {
    const input = new PassThrough();
    input.write(PCM);
    let interrupted = false;
    const running = startMars([...LISTEN, '--stdin', '--json'], {
      cwd: folder,
      input,
      onStdout: (stdout) => {
        if (interrupted || !stdout.includes('utteranceEnd')) return;
        interrupted = true;
        running.kill('SIGINT');
      },
    });
    const { status, stdout, stderr } = await running.result;
    expect(jsonLines<{ type: string }>(stdout).at(-1)?.type).toBe('summary');
    expect({ interrupted, status, stderr }).toEqual({ interrupted: true, status: 0, stderr: '' });
  });

  test('samples that are no numbers: what was heard before stands, and status 1', async () => {
    const input = new Uint8Array(Float32Array.from([...TALK, NaN]).buffer);
    const args = [...LISTEN, '--json', '--format', 'f32le'];
    const { status, stdout, stderr } = await startMars(args, { cwd: folder, input }).result;
    expect(jsonLines<{ type: string }>(stdout).at(-1)?.type).toBe('summary');
    expect(stderr).toContain('[AUDIO_NOT_FINITE]');
    expect(status).toBe(1);
  });
});

describe.skipIf(process.platform === 'win32')('the microphone', () => {
  // With nothing else on the PATH but a shell's own commands, and what the scripts need.
  const listen = (path: string, onStdout?: (stdout: string) => void) =>
    startMars([...LISTEN, '--json'], {
      cwd: folder,
      env: { PATH: path },
      ...(onStdout && { onStdout }),
    });
  const CAT = '/bin/cat';

  test('the first recorder that delivers is taken; it is asked for 16 kHz, 16 bits, mono', async () => {
    const path = await recorders('second', {
      arecord: 'echo "no soundcards found" >&2; exit 1',
      parecord: `echo "$@" > args; exec ${CAT} talk.raw`,
    });
    const { status, stdout, stderr } = await listen(path).result;
    const lines = jsonLines<{ type: string }>(stdout);
    expect(lines.filter(({ type }) => type === 'utteranceEnd')).toHaveLength(3);
    expect(lines.at(-1)).toMatchObject({ type: 'summary', durationSec: 9 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const asked = await readFile(join(folder, 'args'), 'utf8');
    expect(asked).toBe('--raw --format=s16le --rate=16000 --channels=1\n');
  });

  test('Ctrl-C ends the recorder too', async () => {
    const path = await recorders('endless', {
      arecord: `echo $$ > recorder.pid; ${CAT} talk.raw; exec /bin/sleep 600`,
    });
    let interrupted = false;
    const running = listen(path, (stdout) => {
      if (interrupted || !stdout.includes('utteranceEnd')) return;
      interrupted = true;
      running.kill('SIGINT');
    });
    const { status, stdout, stderr } = await running.result;
    expect(jsonLines<{ type: string }>(stdout).at(-1)?.type).toBe('summary');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const pid = Number(await readFile(join(folder, 'recorder.pid'), 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('none is there: which were looked for, and how to get one', async () => {
    const { status, stdout, stderr } = await listen(await recorders('none', {})).result;
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^mars: No recorder is installed: arecord, parecord, pw-record, rec, sox, ffmpeg were looked for\. Install one: .*--stdin \[RECORDER_FAILED\]\n$/,
    );
  });

  test('none delivers: what each said last', async () => {
    const path = await recorders('broken', {
      arecord: 'echo "ALSA lib: blah" >&2; echo "arecord: no such device" >&2; exit 1',
      sox: 'exit 3',
    });
    const { status, stdout, stderr } = await listen(path).result;
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('The recorder arecord failed: arecord: no such device.');
    expect(stderr).toContain('The recorder sox failed: it ended with status 3.');
    expect(stderr).not.toContain('blah');
  });

  test('it fails on the way: the summary, its last words, and status 1', async () => {
    const path = await recorders('dying', { arecord: `${CAT} talk.raw; echo "unplugged" >&2; exit 1` });
    const { status, stdout, stderr } = await listen(path).result;
    expect(jsonLines<{ type: string }>(stdout).at(-1)).toMatchObject({ type: 'summary', durationSec: 9 });
    expect(stderr).toBe('mars: The recorder arecord failed: unplugged [RECORDER_FAILED]\n');
    expect(status).toBe(1);
  });
});

describe('wrong usage', () => {
  test.each([
    ['an interval of nothing', ['--interval', '0'], 'intervalSec is 0; 0.1 s or more is expected'],
    ['a format that is none', ['--format', 's24le'], 'Allowed choices are s16le, f32le'],
    [
      'a rate that no recording has',
      ['--rate', '1'],
      "option '--rate <hz>' argument '1' is invalid. A whole",
    ],
    ['a rate beyond all converters', ['--rate', '768001'], 'from 1000 to 768000 was expected'],
    ['no channel', ['--channels', '0'], 'A whole number from 1 upwards was expected'],
    ['no such profile', ['--profile', 'you.json'], '--profile you.json: There is no such file'],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await callMars([...LISTEN, ...args], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('nothing at all on stdin', async () => {
    const input = new Uint8Array();
    const { status, stdout, stderr } = await startMars([...LISTEN, '--stdin'], { cwd: folder, input }).result;
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Not one sample came on stdin');
  });

  test('a WAV file on stdin: what to do with it', async () => {
    const input = new TextEncoder().encode('RIFF and the rest of a header');
    const { status, stdout, stderr } = await startMars([...LISTEN, '--stdin'], { cwd: folder, input }).result;
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('mars classify --timeline FILE');
  });
});
