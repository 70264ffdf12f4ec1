import type { LiveEvent } from '@mars/core';
import { expect, test, vi } from 'vitest';
import { LiveFeed, type EventSource, type LiveGap } from './live-feed.ts';

const RATE = 100;

/** A stream that says of each push where it lay, as a stream of the engine would: from its own first sample. */
class FakeStream implements EventSource {
  readonly heard: number[] = [];
  #at = 0;
  readonly #gate: () => Promise<void>;

  constructor(gate: () => Promise<void>) {
    this.#gate = gate;
  }

  async push(samples: Float32Array): Promise<LiveEvent[]> {
    await this.#gate();
    const startSec = this.#at / RATE;
    this.#at += samples.length;
    this.heard.push(...samples);
    return [{ type: 'utteranceEnd', startSec, endSec: this.#at / RATE }];
  }

  async end(): Promise<LiveEvent[]> {
    return [{ type: 'utteranceStart', startSec: this.#at / RATE }];
  }
}

function fixture(gate: () => Promise<void> = () => Promise.resolve()) {
  const streams: FakeStream[] = [];
  const opened: { intervalSec?: number }[] = [];
  const events: LiveEvent[] = [];
  const gaps: LiveGap[] = [];
  const onFailure = vi.fn<(error: unknown) => void>();
  const feed = new LiveFeed({
    sampleRate: RATE,
    open: async (options) => {
      opened.push(options);
      streams.push(new FakeStream(gate));
      return streams.at(-1)!;
    },
    onEvents: (some) => events.push(...some),
    onGap: (gap) => gaps.push(gap),
    onFailure,
  });
  let next = 0;
  const push = (seconds: number) => {
    for (let i = 0; i < seconds * 10; i++) feed.push(Float32Array.from({ length: RATE / 10 }, () => next++));
  };
  return { feed, streams, opened, events, gaps, onFailure, push };
}

/** Lets what waits for nothing but promises happen. */
const settled = () => new Promise<void>((resolve) => void setTimeout(resolve));

test('all samples are heard once and in order, whatever the pace', async () => {
  const { feed, streams, push, events } = fixture(settled);
  push(0.1);
  push(2.3);
  await settled();
  push(0.5);
  await feed.end();
  expect(streams).toHaveLength(1);
  expect(streams[0].heard).toEqual(Array.from({ length: 290 }, (_, i) => i));
  expect(events.at(-1)).toEqual({ type: 'utteranceStart', startSec: 2.9 });
  expect(feed.behindSec).toBe(0);
  push(1);
  expect(feed.durationSec).toBe(2.9);
});

test('behind by seconds, it says so and does without the looks in between', async () => {
  let open = () => {};
  const { feed, streams, opened, push, gaps } = fixture(
    () => new Promise<void>((resolve) => (open = resolve)),
  );
  push(6);
  expect(feed.behindSec).toBeCloseTo(6);
  const ending = feed.end();
  const releasing = setInterval(() => open());
  await ending;
  clearInterval(releasing);
  expect(feed.isLight).toBe(true);
  expect(opened).toEqual([{ sampleRate: RATE }, { sampleRate: RATE, intervalSec: Infinity }]);
  expect(streams.flatMap(({ heard }) => heard)).toHaveLength(600);
  expect(gaps).toEqual([]);
});

test('a machine that is far too slow hears what is said now; what it gave up is told', async () => {
  let isSlow = true;
  let open = () => {};
  const gate = () => (isSlow ? new Promise<void>((resolve) => (open = resolve)) : Promise.resolve());
  const { feed, streams, push, gaps, events } = fixture(gate);
  push(0.5);
  await settled();
  for (let i = 0; i < 40; i++) {
    push(1);
    // What waits is bounded although nothing at all is heard.
    expect(feed.behindSec).toBeLessThan(14);
  }
  isSlow = false;
  open();
  await feed.end();
  expect(gaps).toEqual([{ reason: 'slow', startSec: 0.5, endSec: expect.closeTo(36.9, 0) }]);
  expect(streams.length).toBeGreaterThan(1);
  const { heard } = streams.at(-1)!;
  // What is heard after the gap lies where it was said.
  expect(heard[0] / RATE).toBeCloseTo(gaps[0].endSec);
  expect(events.at(-1)!.startSec).toBeCloseTo(40.5);
});

test('a pause ends the utterance and takes no time', async () => {
  const { feed, streams, push, events } = fixture();
  push(1);
  await feed.settle();
  push(1);
  await feed.end();
  expect(streams).toHaveLength(1);
  expect(streams[0].heard).toHaveLength(3 * RATE);
  expect(events.at(-1)!.startSec).toBeCloseTo(2);
});

test('after a failure another stream goes on; after two at once it ends', async () => {
  let failures = 1;
  const gate = () => (failures-- > 0 ? Promise.reject(new Error('the worker fell')) : Promise.resolve());
  const { feed, streams, push, gaps, events, onFailure } = fixture(gate);
  push(1);
  await settled();
  push(3);
  await settled();
  expect(gaps).toEqual([{ reason: 'restarted', startSec: 0, endSec: expect.any(Number) }]);
  expect(streams).toHaveLength(2);
  expect(streams[1].heard[0]).toBe(Math.round(gaps[0].endSec * RATE));
  failures = 2;
  push(3);
  await settled();
  expect(onFailure).toHaveBeenCalledOnce();
  await feed.end();
  expect(events.length).toBeGreaterThan(0);
});
