import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encodeWav, loadRecogniser, type LiveEvent, type Recogniser, type Verdict } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repeatFlac } from '../../../core/src/audio/flac-fixture.ts';
import { concatenate, makeWav } from '../../../core/src/audio/wav-fixture.ts';
import { syntheticVoice } from '../../../core/test/synthetic-voice.ts';
import { tinyModel } from '../../../core/test/tiny-model.ts';
import { ServiceBusyError, type AudioInput, type PoolOptions, type RecogniserPool } from './pool-protocol.ts';
import { openPool } from './recogniser-pool.ts';

const VOICE = syntheticVoice('sa i  sosu sa e o   a i u sa');
const WAV = encodeWav({ samples: VOICE, sampleRate: 16_000 });
const model = tinyModel();
const workerModule = new URL('./faulty-fixture.worker.ts', import.meta.url);
const order = (text: string): Uint8Array => new TextEncoder().encode(text);
const code = (value: string): object => expect.objectContaining({ name: 'MarsError', code: value });

let recogniser: Recogniser;
let folder: string;

beforeAll(async () => {
  recogniser = await loadRecogniser(model);
  folder = await mkdtemp(join(tmpdir(), 'mars-pool-'));
});

afterAll(async () => {
  await recogniser.dispose();
  await rm(folder, { recursive: true });
});

async function* cut(bytes: Uint8Array, pieceLength: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceLength) {
    yield bytes.subarray(start, start + pieceLength);
  }
}

/** Bytes of which no more come, and whether somebody still waits for them. */
function stalled(bytes: Uint8Array) {
  const state = { isReturned: false };
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      let pieces = 0;
      return {
        next: () =>
          pieces++ === 0
            ? Promise.resolve({ done: false as const, value: bytes })
            : new Promise<IteratorResult<Uint8Array>>(() => undefined),
        async return() {
          state.isReturned = true;
          return { done: true as const, value: undefined };
        },
      };
    },
  };
  return { state, source };
}

describe('a recording', () => {
  let pool: RecogniserPool;
  beforeAll(async () => {
    pool = await openPool({ model, size: 2 });
  });
  afterAll(() => pool.close());

  test('has the verdict that the library gives, however it comes', async () => {
    const path = join(folder, 'voice.wav');
    await writeFile(path, WAV);
    const expected = await recogniser.classify(WAV);
    const inputs: AudioInput[] = [
      WAV,
      [WAV.subarray(0, 999), WAV.subarray(999)],
      cut(WAV, 1000),
      cut(WAV, 100_000),
      { path },
    ];
    for (const input of inputs) expect(await pool.classify(input)).toEqual(expected);
  });

  test('has the timeline and the explanation that the library gives', async () => {
    const options = { windowSec: 1, hopSec: 0.5, minSilenceSec: 0.2, oneSpeaker: true };
    const timeline = await recogniser.timeline(WAV, options);
    expect(timeline.segments.length).toBeGreaterThan(1);
    expect(await pool.classify(cut(WAV, 3000), { timeline: true, ...options })).toEqual(timeline);
    const part = { startSec: 0.2, endSec: 0.8 };
    expect(await pool.classify(WAV, { explain: true, ...part })).toEqual(await recogniser.explain(WAV, part));
  });

  test('is heard with a profile', async () => {
    const profile = await recogniser.calibrate([{ recording: WAV, emotion: 'sad' }]);
    const sent: unknown = JSON.parse(JSON.stringify(profile));
    const expected = await recogniser.classify(WAV, { profile });
    expect(expected).not.toEqual(await recogniser.classify(WAV));
    const heard = (await pool.classify(WAV, { profile: sent })) as Verdict;
    expect(heard.knownVoice).toEqual(expected.knownVoice);
    for (const { label, score } of expected.scores) {
      expect(heard.scores.find((each) => each.label === label)!.score).toBeCloseTo(score, 3);
    }
  });

  test('gives as many scores as are wanted', async () => {
    const { scores } = await recogniser.classify(WAV);
    expect(await pool.classify(WAV, { top: 3 })).toMatchObject({ scores: scores.slice(0, 3) });
    const timeline = await pool.classify(WAV, { top: 1, timeline: true });
    expect('segments' in timeline && timeline.segments[0].scores.length).toBe(1);
  });

  test('of a call has a result for each side', async () => {
    const sides = [VOICE, VOICE.map((sample, i) => (i < 16_000 ? 0 : -0.5 * sample))];
    const call = makeWav({
      channels: sides.map((side) => Array.from(side, (x) => Math.round(x * 128) / 128)),
    });
    const expected = sides.map((side) => ({
      samples: side.map((sample) => Math.round(sample * 128) / 128),
      sampleRate: 16_000,
    }));
    expect(await pool.classify(cut(call, 5000), { channels: 'split' })).toEqual({
      channels: [await recogniser.classify(expected[0]), await recogniser.classify(expected[1])],
    });
    expect(await pool.classify(call, { channels: 'split', timeline: true })).toEqual({
      channels: [await recogniser.timeline(expected[0]), await recogniser.timeline(expected[1])],
    });
    expect(await pool.classify(WAV, { channels: 'split' })).toEqual({
      channels: [await recogniser.classify(WAV)],
    });
  });

  test.each<[string, AudioInput, object]>([
    ['AUDIO_UNREADABLE', order('no recording at all'), {}],
    ['AUDIO_EMPTY', new Uint8Array(0), {}],
    ['AUDIO_TRUNCATED', WAV.subarray(0, 5000), {}],
    ['AUDIO_TRUNCATED', cut(WAV.subarray(0, 5000), 999), { timeline: true }],
    ['AUDIO_TOO_LONG', WAV, { maxDurationSec: 1 }],
    ['AUDIO_TOO_LONG', WAV, { maxDurationSec: 1, timeline: true, channels: 'split' }],
    ['FILE_NOT_FOUND', { path: '/no/such/file.wav' }, {}],
    ['FILE_IS_DIRECTORY', { path: tmpdir() }, {}],
    ['PROFILE_INVALID', WAV, { profile: { format: 'no' } }],
    ['CONFIG_INVALID', WAV, { timeline: true, explain: true }],
    ['CONFIG_INVALID', WAV, { top: 0 }],
    ['CONFIG_INVALID', WAV, { channels: 'left' }],
    ['CONFIG_INVALID', WAV, { timeline: true, windowSec: -1 }],
  ])('says %s', async (expected, input, options) => {
    await expect(pool.classify(input, options)).rejects.toEqual(code(expected));
  });

  test('of a high rate is not kept whole beyond what the limit of its length allows', async () => {
    const high = encodeWav({ samples: new Float32Array(400_000), sampleRate: 192_000 });
    await expect(pool.classify(high, { maxDurationSec: 4 })).rejects.toThrow(/ask for a timeline/);
    expect(await pool.classify(high, { maxDurationSec: 4, timeline: true })).toMatchObject({ segments: [] });
  });

  test('that decodes to hours is stopped at the limit', async () => {
    let pieces = 0;
    async function* hours(): AsyncGenerator<Uint8Array> {
      for (const piece of repeatFlac(
        Array.from({ length: 4096 }, () => 0),
        100_000,
      )) {
        pieces++;
        yield piece;
      }
    }
    await expect(pool.classify(hours(), { maxDurationSec: 20 })).rejects.toEqual(code('AUDIO_TOO_LONG'));
    expect(pieces).toBeLessThan(1000);
  });

  test('whose source fails has the error of its source', async () => {
    const gone = new Error('the line is dead');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield WAV.subarray(0, 1000);
      throw gone;
    }
    await expect(pool.classify(failing())).rejects.toBe(gone);
  });
});

describe('the queue', () => {
  const open = (options: Partial<PoolOptions>) => openPool({ model, size: 1, workerModule, ...options });

  test('refuses what is too much, and says when to come again; who goes makes room', async () => {
    await using pool = await open({ maxQueued: 2, graceMs: 100 });
    const hanging = pool.classify(order('hang'), { deadlineMs: 2000 });
    const leaving = new AbortController();
    const waiting = [pool.classify(WAV, {}, leaving.signal), pool.classify(WAV)];
    expect([pool.running, pool.queued]).toEqual([1, 2]);
    const refused = await pool.classify(WAV).catch((error: unknown) => error);
    expect(refused).toEqual(code('SERVICE_BUSY'));
    expect((refused as ServiceBusyError).retryAfterSec).toBeGreaterThanOrEqual(1);

    leaving.abort(new Error('gone'));
    await expect(waiting[0]).rejects.toThrow('gone');
    const later = pool.classify(WAV);
    await expect(hanging).rejects.toEqual(code('DEADLINE_EXCEEDED'));
    const expected = await recogniser.classify(WAV);
    expect(await Promise.all([waiting[1], later])).toEqual([expected, expected]);
    expect(pool.totals).toMatchObject({
      done: 2,
      refused: 1,
      aborted: 1,
      replaced: 1,
      failed: { DEADLINE_EXCEEDED: 1 },
    });
  });

  test('an upload that stalls holds nobody up, and frees its worker when it is called off', async () => {
    await using pool = await open({});
    const { source, state } = stalled(WAV.subarray(0, 1000));
    const leaving = new AbortController();
    const upload = pool.classify(source, {}, leaving.signal);
    expect(await pool.classify(WAV)).toEqual(await recogniser.classify(WAV));
    expect(pool.running).toBe(1);
    leaving.abort(new Error('gone'));
    await expect(upload).rejects.toThrow('gone');
    await expect.poll(() => [pool.running, state.isReturned]).toEqual([0, true]);
    expect(pool.totals.replaced).toBe(0);
  });

  test('an upload that stalls for ever meets its deadline, and its worker lives on', async () => {
    await using pool = await open({});
    const { source, state } = stalled(WAV.subarray(0, 1000));
    await expect(pool.classify(source, { deadlineMs: 200 })).rejects.toEqual(code('DEADLINE_EXCEEDED'));
    await expect.poll(() => [pool.running, state.isReturned]).toEqual([0, true]);
    expect(pool.totals.replaced).toBe(0);
  });

  test('work that is under way stops between its pieces when it is called off', async () => {
    await using pool = await open({});
    const long = encodeWav({ samples: new Float32Array(16_000 * 500).fill(0.1), sampleRate: 16_000 });
    const leaving = new AbortController();
    const job = pool.classify(long, { timeline: true }, leaving.signal);
    await wait(50);
    leaving.abort(new Error('gone'));
    await expect(job).rejects.toThrow('gone');
    const began = performance.now();
    await pool.classify(WAV);
    expect(performance.now() - began).toBeLessThan(1500);
    expect(pool.totals).toMatchObject({ aborted: 1, replaced: 0 });
  });

  test('takes nothing that was called off before', async () => {
    await using pool = await open({});
    await expect(pool.classify(WAV, {}, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(pool.running).toBe(0);
  });
});

describe('a worker that dies', () => {
  test('takes its own job and streams with it, and nothing else', async () => {
    await using pool = await openPool({ model, size: 2, workerModule });
    const streams = [
      await pool.openStream({ sampleRate: 16_000 }),
      await pool.openStream({ sampleRate: 16_000 }),
    ];
    await expect(pool.classify(order('die'))).rejects.toEqual(code('WORKER_LOST'));
    const lost = streams.filter(({ signal }) => signal.aborted);
    expect(lost).toHaveLength(1);
    expect(lost[0].signal.reason).toEqual(code('WORKER_LOST'));
    await expect(lost[0].push(VOICE)).rejects.toEqual(code('WORKER_LOST'));
    const other = streams.find(({ signal }) => !signal.aborted)!;
    expect(await other.push(VOICE)).not.toEqual([]);
    expect(pool.streams).toBe(1);

    const expected = await recogniser.classify(WAV);
    for (const result of await Promise.all(Array.from({ length: 6 }, () => pool.classify(WAV)))) {
      expect(result).toEqual(expected);
    }
    expect(pool.totals).toMatchObject({ done: 6, replaced: 1, failed: { WORKER_LOST: 1 } });
  });

  test('at a push fails the push, and at every job is replaced again and again', async () => {
    await using pool = await openPool({ model, size: 1, workerModule });
    const stream = await pool.openStream({ sampleRate: 16_000 });
    await expect(stream.push(Float32Array.of(7))).rejects.toEqual(code('WORKER_LOST'));
    expect(stream.signal.aborted).toBe(true);
    for (let i = 0; i < 2; i++) {
      await expect(pool.classify(order('die'))).rejects.toEqual(code('WORKER_LOST'));
    }
    expect(await pool.classify(WAV)).toEqual(await recogniser.classify(WAV));
    expect(pool.totals.replaced).toBe(3);
  });

  test('or hangs at a push is replaced at the deadline', async () => {
    await using pool = await openPool({ model, size: 1, workerModule, deadlineMs: 500 });
    const stream = await pool.openStream({ sampleRate: 16_000 });
    await expect(stream.push(Float32Array.of(8))).rejects.toEqual(code('DEADLINE_EXCEEDED'));
    expect(await pool.classify(WAV, { deadlineMs: 10_000 })).toEqual(await recogniser.classify(WAV));
  });

  test('at once, as with a file that is no model, is an error of opening', async () => {
    await expect(openPool({ model: order('no model'), size: 2 })).rejects.toEqual(code('MODEL_INVALID'));
    await expect(openPool({ model, size: 0 })).rejects.toEqual(code('CONFIG_INVALID'));
  });
});

describe('a live stream', () => {
  let pool: RecogniserPool;
  beforeAll(async () => {
    pool = await openPool({ model, size: 2, maxStreams: 4 });
  });
  afterAll(() => pool.close());

  test('has the events that the library gives, of floats and of 16 bits', async () => {
    const pcm = Int16Array.from(VOICE, (sample) => Math.round(32_767 * sample));
    const options = { sampleRate: 16_000, intervalSec: 0.5, oneSpeaker: true };
    const own = recogniser.stream(options);
    const expected = [...(await own.push(Float32Array.from(pcm, (x) => x / 32_768))), ...(await own.end())];
    const floats = await pool.openStream(options);
    const integers = await pool.openStream(options);
    const heard: LiveEvent[][] = [[], []];
    for (let start = 0; start < pcm.length; start += 1600) {
      const piece = pcm.subarray(start, start + 1600);
      heard[0].push(...(await floats.push(Float32Array.from(piece, (x) => x / 32_768))));
      heard[1].push(...(await integers.push(piece)));
    }
    heard[0].push(...(await floats.end()));
    heard[1].push(...(await integers.end()));
    expect(expected.some(({ type }) => type === 'measurement')).toBe(true);
    expect(heard).toEqual([expected, expected]);
    await expect(floats.push(VOICE)).rejects.toEqual(code('STREAM_CLOSED'));
    expect(pool.streams).toBe(0);
  });

  test('hears pushes that nobody awaits in their order, before its end, as they were when they came', async () => {
    const options = { sampleRate: 16_000, intervalSec: 0.5 };
    const own = recogniser.stream(options);
    const expected = [...(await own.push(VOICE)), ...(await own.end())];
    const stream = await pool.openStream(options);
    const other = await pool.openStream(options);
    const pushes: Promise<LiveEvent[]>[] = [];
    const piece = new Float32Array(4000);
    for (let start = 0; start < VOICE.length; start += piece.length) {
      const part = VOICE.subarray(start, start + piece.length);
      piece.set(part);
      pushes.push(stream.push(piece.subarray(0, part.length)));
      void other.push(piece.subarray(0, part.length));
      piece.fill(NaN);
    }
    const last = await stream.end();
    expect([...(await Promise.all(pushes)).flat(), ...last]).toEqual(expected);
    other.close();
  });

  test('that is closed while its audio is on its way is nobody’s fault', async () => {
    const stream = await pool.openStream({ sampleRate: 16_000 });
    const pushes = Array.from({ length: 5 }, () => stream.push(VOICE));
    stream.close();
    const heard = await Promise.all(pushes);
    expect(heard.at(-1)).toEqual([]);
    expect(pool.totals.replaced).toBe(0);
  });

  test('is one of so many; those that close make room', async () => {
    const open = () => pool.openStream({ sampleRate: 16_000 });
    const streams = await Promise.all([open(), open(), open(), open()]);
    await expect(open()).rejects.toEqual(code('SERVICE_BUSY'));
    streams[0].close();
    streams[0].close();
    expect(pool.streams).toBe(3);
    streams.push(await open());
    for (const stream of streams) stream.close();
    await expect(streams[1].end()).rejects.toEqual(code('STREAM_CLOSED'));
    expect(pool.streams).toBe(0);
  });

  test('that cannot be opened takes no place', async () => {
    await expect(pool.openStream({ sampleRate: 16_000, intervalSec: 0 })).rejects.toEqual(
      code('CONFIG_INVALID'),
    );
    await expect(pool.openStream({ sampleRate: 16_000, profile: 1 })).rejects.toEqual(
      code('PROFILE_INVALID'),
    );
    expect(pool.streams).toBe(0);
  });

  test('goes on after samples that are no numbers', async () => {
    const stream = await pool.openStream({ sampleRate: 16_000 });
    await expect(stream.push(Float32Array.of(NaN))).rejects.toEqual(code('AUDIO_NOT_FINITE'));
    expect(await stream.push(VOICE)).not.toEqual([]);
    stream.close();
  });
});

describe('closing', () => {
  test('lets what it has be done, and takes nothing more', async () => {
    const pool = await openPool({ model, size: 1 });
    const stream = await pool.openStream({ sampleRate: 16_000 });
    const jobs = [pool.classify(WAV), pool.classify(cut(WAV, 1000))];
    const closing = pool.close({ drainMs: 20_000 });
    await expect(pool.classify(WAV)).rejects.toEqual(code('SERVICE_STOPPING'));
    await expect(pool.openStream({ sampleRate: 16_000 })).rejects.toEqual(code('SERVICE_STOPPING'));
    const expected = await recogniser.classify(WAV);
    expect(await Promise.all(jobs)).toEqual([expected, expected]);
    expect(await stream.push(VOICE)).not.toEqual([]);
    await stream.end();
    await closing;
    await pool.close();
  });

  test('leaves nothing behind', async () => {
    const held = () =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => /Process|Pipe/.test(kind))
        .sort();
    const before = held();
    const pool = await openPool({ model, size: 2 });
    await pool.classify(WAV);
    await pool.openStream({ sampleRate: 16_000 });
    expect(held()).not.toEqual(before);
    await pool.close();
    // Those of the tests before may end meanwhile.
    await expect.poll(() => held().length).toBeLessThanOrEqual(before.length);
  });

  test('waits no longer than it was told', async () => {
    const pool = await openPool({ model, size: 1, workerModule, graceMs: 100 });
    const stream = await pool.openStream({ sampleRate: 16_000 });
    const jobs = [pool.classify(order('hang')), pool.classify(WAV)];
    const began = performance.now();
    const closing = pool.close({ drainMs: 200 });
    for (const job of jobs) await expect(job).rejects.toEqual(code('SERVICE_STOPPING'));
    await closing;
    expect(performance.now() - began).toBeLessThan(2000);
    expect(stream.signal.reason).toEqual(code('SERVICE_STOPPING'));
  });
});

test('says what "mars classify --json" prints', async () => {
  const root = join(import.meta.dirname, '../../../..');
  const file = join(folder, 'clip.wav');
  await writeFile(file, concatenate([WAV]));
  const mars = (...options: string[]) =>
    promisify(execFile)(process.execPath, [
      join(root, 'packages/cli/bin/mars.js'),
      'classify',
      '--json',
      ...options,
      file,
    ]);
  await using pool = await openPool({
    model: await readFile(join(root, 'models/flagship/model.onnx')),
    size: 1,
  });
  for (const option of ['timeline', 'explain', undefined]) {
    const { stdout } = await mars(...(option ? [`--${option}`] : []));
    const printed = JSON.parse(stdout) as object;
    const heard = await pool.classify(cut(WAV, 4096), option ? { [option]: true } : {});
    expectClose({ file, ...heard }, printed);
  }
});

/** Equal to 1e-5 in every number, and to the letter in all else. */
function expectClose(heard: unknown, printed: unknown): void {
  const numbers: number[][] = [[], []];
  const [a, b] = [heard, printed].map((value, side) =>
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' ? void numbers[side].push(each) : each,
    ),
  );
  expect(a).toBe(b);
  for (const [i, number] of numbers[0].entries()) expect(Math.abs(number - numbers[1][i])).toBeLessThan(1e-5);
}
