import { loadRecogniser, Profile, type Verdict } from '@mars/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentFlac } from '../../core/src/audio/flac-fixture.ts';
import { classifyResult, modelList } from '../src/http/schemas.ts';
import type { RecogniserPool } from '../src/recognition/pool-protocol.ts';
import { openPool } from '../src/recognition/recogniser-pool.ts';
import { errorOf, form, MODEL, served, WAV } from './service.ts';

let pool: RecogniserPool;
beforeAll(async () => {
  pool = await openPool({ model: MODEL, size: 1, maxDurationSec: 60 });
});
afterAll(() => pool.close());

test('the same numbers as the library, from a form and from a plain body', async () => {
  const { post } = await served({ pool });
  await using recogniser = await loadRecogniser(MODEL);
  const expected = await recogniser.classify(WAV);
  for (const answer of [
    await post(form()),
    await post(form({})),
    await post(WAV, '/v1/classify', { 'content-type': 'audio/wav' }),
    await post(WAV),
  ]) {
    expect(answer.status).toBe(200);
    const verdict = classifyResult.parse(await answer.json()) as Verdict;
    expect({ ...verdict, scores: [] }).toMatchObject({
      verdict: expected.verdict,
      emotion: expected.emotion,
    });
    for (const [index, { label, score }] of verdict.scores.entries()) {
      expect(label).toBe(expected.scores[index].label);
      expect(Math.abs(score - expected.scores[index].score)).toBeLessThan(1e-5);
    }
  }
});

describe('what is asked for', () => {
  test.each([
    ['{"top":2}', 'top=2', 'scores.length', 2],
    ['{"timeline":true}', 'timeline=true', 'segments.length', 1],
    ['{"channels":"split"}', 'channels=split', 'channels.length', 1],
    ['{"explain":true}', 'explain=true', 'explanation.bands.length', 12],
  ])('%s or ?%s', async (config, query, path, length) => {
    const { post } = await served({ pool });
    for (const response of [await post(form(config)), await post(WAV, `/v1/classify?${query}`)]) {
      expect(classifyResult.parse(await response.json())).toHaveProperty(path, length);
    }
  });

  test('the config outdoes the query', async () => {
    const { post } = await served({ pool });
    const answer = await post(form({ top: 1 }), '/v1/classify?top=3');
    expect(((await answer.json()) as Verdict).scores).toHaveLength(1);
  });

  test('a profile', async () => {
    await using recogniser = await loadRecogniser(MODEL);
    const learnt = await recogniser.calibrate([{ recording: WAV, emotion: 'happy' }]);
    const profile = Profile.parse(learnt.toJSON());
    const { post } = await served({ pool });
    const verdict = classifyResult.parse(
      await (await post(form({ profile: profile.toJSON() }))).json(),
    ) as Verdict;
    expect(verdict.knownVoice).toEqual({ profileClips: 1, utterances: 0 });
    expect(verdict.confidence).toBeCloseTo((await recogniser.classify(WAV, { profile })).confidence, 5);
  });
});

describe('what is wrong is told with a code', () => {
  const deep = `{"profile":{"mean":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
  test.each([
    [
      'an unknown field',
      form({ timelin: true }),
      400,
      'CONFIG_INVALID',
      /"timelin"; expected are timeline, top/,
    ],
    ['a wrong type', form({ top: 'two' }), 400, 'CONFIG_INVALID', /config\.top/],
    ['a list', form([]), 400, 'CONFIG_INVALID', /config/],
    ['a number', form(7), 400, 'CONFIG_INVALID', /config/],
    ['invalid JSON', form('{"top":'), 400, 'REQUEST_INVALID', /is not JSON/],
    ['a profile that is none', form({ profile: { format: 'other' } }), 422, 'PROFILE_INVALID', /format/],
    ['a profile as deep as a well', form(deep), 400, 'CONFIG_INVALID', /profile\.mean/],
    ['timeline and explain', form({ timeline: true, explain: true }), 400, 'CONFIG_INVALID', /./],
    ['no audio', form({}, new Uint8Array([1, 2, 3])), 422, 'AUDIO_UNREADABLE', /./],
    ['nothing', form({}, new Uint8Array()), 422, 'AUDIO_EMPTY', /./],
    ['NaN', form({}, wavOf([0.1, Number.NaN, 0.1])), 422, 'AUDIO_NOT_FINITE', /./],
    ['an odd byte count', form({}, WAV.slice(0, 4001)), 422, 'AUDIO_TRUNCATED', /./],
  ] as const)('%s', async (_, body, status, code, message) => {
    const { post } = await served({ pool });
    const error = await errorOf(await post(body));
    expect(error).toMatchObject({ status, code });
    expect(error.message).toMatch(message);
  });

  test('a small FLAC that is an hour of silence', async () => {
    const { post } = await served({ pool, limits: { audioSec: 60 } });
    const bomb = new Uint8Array(Buffer.concat([...silentFlac(15_000)]));
    expect(bomb.length).toBeLessThan(300_000);
    expect(await errorOf(await post(form({}, bomb)))).toMatchObject({ status: 413, code: 'AUDIO_TOO_LONG' });
  });

  test('a small file that is hours of silence', async () => {
    const { post } = await served({ pool, limits: { audioSec: 2 } });
    const silence = WAV.slice();
    new DataView(silence.buffer).setUint32(24, 1000, true);
    expect(await errorOf(await post(silence))).toMatchObject({ status: 413, code: 'AUDIO_TOO_LONG' });
  });
});

test('the models that answer', async () => {
  const { get } = await served({ pool });
  const { models } = modelList.parse(await (await get('/v1/models')).json());
  expect(models).toMatchObject([{ name: 'tiny', sampleRate: 22_050 }]);
});

test('what is logged and measured tells nothing of what was said, nor by whom', async () => {
  const { post, get, logged } = await served({ pool });
  await post(form({}, WAV, 'secret-name.wav'));
  await post(form({ 'secret-field': 1 }, WAV, 'secret-name.wav'), '/v1/classify?secret-query=1', {
    authorization: 'Bearer mars_secret-key',
  });
  await get('/secret-path');
  const metrics = await (await get('/metrics')).text();
  expect(JSON.stringify(logged) + metrics).not.toMatch(/secret|127\.0\.0\.1:\d+\//);
  expect(logged.filter(({ msg }) => msg === 'answered').map(({ status }) => status)).toEqual([
    200, 400, 404, 200,
  ]);
  expect(metrics).toMatch(/mars_http_requests_total\{method="POST",route="\/v1\/classify",status="200"\} 1/);
  expect(metrics).toMatch(/mars_http_errors_total\{code="CONFIG_INVALID"\} 1/);
  expect(metrics).toMatch(/mars_audio_seconds_total [1-9]/);
  expect(metrics).toMatch(/mars_event_loop_lag_seconds\{quantile="0.99"\} \d/);
});

test('a request keeps a sane id, and gets one otherwise', async () => {
  const { get } = await served({ pool });
  expect((await get('/healthz', { 'x-request-id': 'call-7.a' })).headers.get('x-request-id')).toBe(
    'call-7.a',
  );
  for (const id of ['a b', 'x'.repeat(65), '{"a":1}']) {
    const given = (await get('/healthz', { 'x-request-id': id })).headers.get('x-request-id');
    expect(given).toMatch(/^[\da-f-]{36}$/);
  }
});

function wavOf(samples: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + 4 * samples.length);
  bytes.set(WAV.subarray(0, 44));
  const view = new DataView(bytes.buffer);
  view.setUint16(20, 3, true);
  view.setUint32(28, 64_000, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 32, true);
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(40, 4 * samples.length, true);
  for (const [index, sample] of samples.entries()) view.setFloat32(44 + 4 * index, sample, true);
  return bytes;
}
