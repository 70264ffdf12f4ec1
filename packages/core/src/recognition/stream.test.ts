import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resample } from '../audio/resample.ts';
import { HIGH_HZ, LOW_HZ, speak, toneHearing, toneVerdict } from './hearing-fixture.ts';
import type { Hearing } from './listener.ts';
import { listen, LiveStream, type LiveEvent, type LiveMeasurement, type StreamOptions } from './stream.ts';
import { audioBlocks, buildTimeline } from './timeline.ts';

const RATE = 16_000;
const MARGIN_SEC = 0.25;

async function hear(
  samples: Float32Array,
  {
    hearing = toneHearing(),
    sampleRate = RATE,
    ...options
  }: Partial<StreamOptions> & { hearing?: Hearing } = {},
  cut: readonly number[] = [],
): Promise<LiveEvent[]> {
  const stream = new LiveStream(hearing, { sampleRate, ...options });
  const events: LiveEvent[] = [];
  let at = 0;
  for (const length of cut) {
    events.push(...(await stream.push(samples.subarray(at, at + length))));
    at += length;
  }
  if (at < samples.length) events.push(...(await stream.push(samples.subarray(at))));
  events.push(...(await stream.end()));
  return events;
}

const measurements = (events: LiveEvent[], trigger?: LiveMeasurement['trigger']): LiveMeasurement[] =>
  events.filter(
    (event): event is LiveMeasurement =>
      event.type === 'measurement' && (trigger === undefined || event.trigger === trigger),
  );

/** Two short utterances and one of several windows, with a pause in it and another mood at its end. */
const TALK = speak([
  [0, 1],
  [LOW_HZ, 1.5],
  [0, 0.8],
  [HIGH_HZ, 0.3],
  [0, 1.1],
  [LOW_HZ, 3.2],
  [0, 0.25],
  [HIGH_HZ, 4.1],
  [0, 0.7],
]);

describe('events', () => {
  test('of an utterance, in order, to a frame', async () => {
    const events = await hear(TALK.subarray(0, 3 * RATE));
    expect(events.map((event) => (event.type === 'measurement' ? event.trigger : event.type))).toEqual([
      'utteranceStart',
      'interval',
      'speechEnded',
      'utteranceEnd',
    ]);
    const [start, interval, ended, end] = events as [LiveEvent, LiveMeasurement, LiveMeasurement, LiveEvent];
    expect(start).toEqual({ type: 'utteranceStart', startSec: expect.closeTo(1, 1) });
    expect(end).toEqual({ ...start, type: 'utteranceEnd', endSec: expect.closeTo(2.5, 1) });
    expect(interval.endSec - interval.startSec).toBeCloseTo(1, 1);
    expect(ended).toMatchObject({ verdict: 'emotion', emotion: 'low' });
    expect({ startSec: ended.startSec, endSec: ended.endSec }).toMatchObject({
      startSec: 'startSec' in start ? start.startSec : NaN,
      endSec: 'endSec' in end ? end.endSec : NaN,
    });
  });

  test('at intervals over the latest window, never beyond the speech', async () => {
    const found = measurements(await hear(TALK, { intervalSec: 0.5 }), 'interval').filter(
      ({ startSec }) => startSec > 4.4,
    );
    expect(found.length).toBeGreaterThanOrEqual(14);
    for (const { startSec, endSec, durationSec } of found) {
      expect(durationSec).toBeCloseTo(endSec - startSec, 9);
      expect(durationSec).toBeLessThan(2 + 1e-6);
      expect(endSec).toBeLessThanOrEqual(12.3);
    }
    expect(found.at(-1)).toMatchObject({ emotion: 'high', durationSec: expect.closeTo(2, 6) });
  });

  test('of a long utterance: the mean of its windows, which is the mean of what a timeline says', async () => {
    const long = measurements(await hear(TALK), 'speechEnded')[2];
    expect(long.endSec - long.startSec).toBeCloseTo(7.55, 1);
    const high = long.scores.find(({ label }) => label === 'high')!.score;
    expect(high).toBeGreaterThan(0.4);
    expect(high).toBeLessThan(0.7);
    expect(long.verdict).toBe('uncertain');
  });

  test('speech of less than minCertainSec is measured and uncertain', async () => {
    const [, word] = measurements(await hear(TALK), 'speechEnded');
    expect(word).toMatchObject({ verdict: 'uncertain', emotion: 'high' });
    expect(word.confidence).toBeGreaterThan(0.9);
    const [, sure] = measurements(await hear(TALK, { minCertainSec: 0 }), 'speechEnded');
    expect(sure.verdict).toBe('emotion');
  });

  test('none in silence, and none of a stream that has no sample', async () => {
    expect(await hear(new Float32Array(5 * RATE))).toEqual([]);
    expect(await hear(new Float32Array(0))).toEqual([]);
  });

  test('speech that goes on until the stream ends is measured then', async () => {
    const events = await hear(TALK.subarray(0, 2 * RATE));
    expect(events.at(-1)).toMatchObject({ type: 'utteranceEnd', endSec: 2 });
  });
});

describe('the same samples in any cut', () => {
  const cuts = fc.array(fc.oneof(fc.nat(700), fc.nat(60_000)), { maxLength: 60 });
  test.each([
    [16_000, 16_000],
    [44_100, 16_000],
    [16_000, 22_050],
    [8_000, 22_050],
  ])('give the same events: %i Hz to a model of %i Hz', async (sampleRate, modelRate) => {
    const samples = resample(TALK, RATE, sampleRate);
    const hearing = toneHearing({ sampleRate: modelRate });
    const whole = await hear(samples, { hearing, sampleRate });
    expect(measurements(whole).length).toBeGreaterThan(8);
    await fc.assert(
      fc.asyncProperty(cuts, async (cut) => {
        expect(await hear(samples, { hearing, sampleRate }, cut)).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });

  test('and the model hears exactly the samples of the span and its margins at its rate', async () => {
    const [sampleRate, modelRate] = [44_100, 22_050];
    const samples = resample(TALK, RATE, sampleRate);
    const events = await hear(
      samples,
      { hearing: toneHearing({ sampleRate: modelRate }), sampleRate },
      [999, 5000],
    );
    const waveform = resample(samples, sampleRate, modelRate);
    const whole = measurements(events).filter(
      ({ trigger, durationSec }) => trigger === 'interval' || durationSec < 3,
    );
    expect(whole.length).toBeGreaterThan(5);
    const margin = Math.round(MARGIN_SEC * modelRate);
    for (const { trigger, startSec, endSec, scores } of whole) {
      const start = Math.round(startSec * modelRate) - margin;
      const end = Math.round(endSec * modelRate) + (trigger === 'interval' ? 0 : margin);
      const span = waveform.subarray(start, end);
      expect(scores).toEqual(toneVerdict(span, modelRate).scores);
    }
  });
});

test('a stream and a timeline say the same of utterances that are measured whole', async () => {
  const live = measurements(await hear(TALK), 'speechEnded').slice(0, 2);
  const { segments } = await buildTimeline(toneHearing(), audioBlocks({ samples: TALK, sampleRate: RATE }));
  expect(segments.slice(0, 2)).toEqual(
    live.map(({ startSec, endSec, verdict, emotion, confidence, scores }) => ({
      startSec,
      endSec,
      verdict,
      emotion,
      confidence,
      scores,
    })),
  );
});

test('the model is told whether an utterance has ended', async () => {
  const hearing = toneHearing();
  await hear(TALK, { hearing });
  const long = hearing.calls.filter(
    ({ trigger, waveform }) => trigger === 'speechEnded' && waveform.length === (2 + 2 * MARGIN_SEC) * RATE,
  );
  expect(long).toHaveLength(7);
  expect(hearing.calls.filter(({ trigger }) => trigger === 'interval').length).toBeGreaterThan(6);
});

test('whatever else a verdict says comes out in the events', async () => {
  const plain = toneHearing();
  const hearing = {
    ...plain,
    measure: async (...args: Parameters<typeof plain.measure>) => ({
      ...(await plain.measure(...args)),
      clips: plain.calls.length,
    }),
  };
  const events = measurements(await hear(TALK, { hearing, intervalSec: Infinity }));
  expect(events.map((event) => 'clips' in event && event.clips)).toEqual([1, 2, 9]);
});

describe('pushes', () => {
  test('that are not awaited are worked off in order, from arrays that may be overwritten', async () => {
    const stream = new LiveStream(toneHearing(), { sampleRate: RATE });
    const frame = new Float32Array(1600);
    const pending: Promise<LiveEvent[]>[] = [];
    for (let at = 0; at < TALK.length; at += frame.length) {
      frame.fill(0);
      frame.set(TALK.subarray(at, at + frame.length));
      pending.push(stream.push(frame));
    }
    pending.push(stream.end());
    const padded = new Float32Array(Math.ceil(TALK.length / 1600) * 1600);
    padded.set(TALK);
    expect((await Promise.all(pending)).flat()).toEqual(await hear(padded));
  });

  test('that pile up are STREAM_OVERFLOW, and the stream goes on', async () => {
    const stream = new LiveStream(toneHearing(), { sampleRate: RATE, maxPendingSec: 2 });
    const second = TALK.subarray(RATE, 2 * RATE);
    const [first, next] = [stream.push(second), stream.push(second)];
    await expect(stream.push(second)).rejects.toMatchObject({
      code: 'STREAM_OVERFLOW',
      message: expect.stringContaining('2.0 s of audio are waiting'),
    });
    await Promise.all([first, next]);
    await stream.push(second);
    expect((await stream.end()).at(-1)).toMatchObject({ type: 'utteranceEnd', endSec: 3 });
  });

  test('one alone may be longer than what may wait', async () => {
    const stream = new LiveStream(toneHearing(), { sampleRate: RATE, maxPendingSec: 1 });
    expect((await stream.push(TALK)).length).toBeGreaterThan(5);
  });

  test('of NaN are AUDIO_NOT_FINITE, and leave no trace', async () => {
    const stream = new LiveStream(toneHearing(), { sampleRate: RATE });
    const events = await stream.push(TALK.subarray(0, 20_000));
    await expect(stream.push(Float32Array.of(0.1, NaN))).rejects.toMatchObject({ code: 'AUDIO_NOT_FINITE' });
    events.push(...(await stream.push(TALK.subarray(20_000))), ...(await stream.end()));
    expect(events).toEqual(await hear(TALK));
  });

  test('after the end are STREAM_CLOSED', async () => {
    const stream = new LiveStream(toneHearing(), { sampleRate: RATE });
    await stream.end();
    await expect(stream.push(TALK)).rejects.toMatchObject({ code: 'STREAM_CLOSED' });
    await expect(stream.end()).rejects.toMatchObject({ code: 'STREAM_CLOSED' });
  });

  test('tell of a model that fails, and so do all that follow', async () => {
    const hearing = { ...toneHearing(), measure: () => Promise.reject(new Error('no model')) };
    const stream = new LiveStream(hearing, { sampleRate: RATE });
    await expect(stream.push(TALK)).rejects.toThrow('no model');
    await expect(stream.push(TALK)).rejects.toThrow('no model');
  });
});

test('listen asks for the next frame when the last has been heard', async () => {
  const hearing = toneHearing();
  let asked = 0;
  async function* frames(): AsyncGenerator<Float32Array> {
    for (let at = 0; at < TALK.length; at += 4000) {
      asked++;
      yield TALK.subarray(at, at + 4000);
    }
  }
  const events: LiveEvent[] = [];
  const askedAt: number[] = [];
  for await (const event of listen(hearing, frames(), { sampleRate: RATE })) {
    events.push(event);
    askedAt.push(asked);
  }
  // The first utterance begins after a second, which is four frames, and is certain 0.25 s later.
  expect(askedAt[0]).toBeLessThan(7);
  expect(events).toEqual(await hear(TALK));
});

test.each([
  [{ sampleRate: 16 }, 'fromRate is 16'],
  [{ windowSec: 0 }, 'windowSec is 0; 0.5 to 60 s'],
  [{ windowSec: 2, hopSec: 3 }, 'hopSec is 3; 0.1 to 2 s'],
  [{ intervalSec: 0 }, 'intervalSec is 0; 0.1 s or more'],
  [{ maxPendingSec: 0 }, 'maxPendingSec is 0; 1 s or more'],
  [{ minCertainSec: -1 }, 'minCertainSec is -1; 0 s or more'],
  [{ minSpeechSec: 0 }, 'minSpeechSec is 0; 0.1 s or more'],
])('%o is CONFIG_INVALID', (wrong, message) => {
  expect(() => new LiveStream(toneHearing(), { sampleRate: RATE, ...wrong })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  );
});
