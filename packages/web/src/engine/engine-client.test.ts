import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { words } from '../strings/en.ts';
import { openEngine } from './engine-client.ts';
import type { Answer, Question } from './engine.ts';

/** A Worker that answers as the test tells it to. */
class FakeWorker {
  readonly asked: Question[] = [];
  onmessage: ((event: { data: Answer }) => void) | undefined;
  onerror: ((event: { message: string; preventDefault: () => void }) => void) | undefined;
  isGone = false;
  /** Whether it says that it is alive when it is asked. */
  isAlive = true;

  postMessage(question: Question): void {
    this.asked.push(question);
    if ('isAlive' in question && this.isAlive) this.say({ isAlive: true });
  }

  terminate(): void {
    this.isGone = true;
  }

  say(answer: Answer): void {
    this.onmessage?.({ data: answer });
  }
}

let workers: FakeWorker[];
const engine = () =>
  openEngine(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
const facts = { name: 'transfer' };

beforeEach(() => {
  workers = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test('a Worker that works for long is left alone as long as it answers that it is alive', async () => {
  const loading = engine().load();
  const [worker] = workers;
  worker.say({ isAlive: true });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(worker.isGone).toBe(false);
  worker.say({ id: 1, value: facts });
  expect(await loading).toBe(facts);
});

test('one that dies in silence is given up after half a minute, and another takes its place', async () => {
  const opened = engine();
  const loading = opened.load();
  loading.catch(() => undefined);
  const [dead] = workers;
  dead.say({ isAlive: true });
  dead.isAlive = false;
  await vi.advanceTimersByTimeAsync(29_000);
  expect(dead.isGone).toBe(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(dead.isGone).toBe(true);
  await expect(loading).rejects.toMatchObject({
    code: 'INTERNAL',
    message: words.engine.stopped(words.engine.silent(30)),
  });

  const again = opened.load();
  const second = workers[1];
  // What the dead one had to say comes late, and to nobody.
  dead.say({ id: 2, value: 'late' });
  second.say({ id: 2, value: facts });
  expect(await again).toBe(facts);
});

test('one whose script is still on its way over a slow network has three minutes', async () => {
  const loading = engine().load();
  loading.catch(() => undefined);
  const [worker] = workers;
  worker.isAlive = false;
  await vi.advanceTimersByTimeAsync(170_000);
  expect(worker.isGone).toBe(false);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(worker.isGone).toBe(true);
});

test('nobody is asked anything while nothing is to be done', async () => {
  const loading = engine().load();
  const [worker] = workers;
  worker.say({ id: 1, value: facts });
  await loading;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(worker.asked).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('a fault of its own fails all that it was doing', async () => {
  const opened = engine();
  const both = [opened.load(), opened.load()];
  for (const each of both) each.catch(() => undefined);
  workers[0].onerror?.({ message: 'out of memory', preventDefault: () => undefined });
  for (const each of both) {
    await expect(each).rejects.toMatchObject({ message: words.engine.stopped('out of memory') });
  }
  expect(workers[0].isGone).toBe(true);
});
