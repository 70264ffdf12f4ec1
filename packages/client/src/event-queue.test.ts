import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

test('tells what came before and after it was asked', async () => {
  const queue = new EventQueue<number>(() => undefined);
  queue.push(1);
  const [first, second, third] = [queue.next(), queue.next(), queue.next()];
  queue.push(2);
  queue.end();
  queue.push(3);
  expect(await Promise.all([first, second, third, queue.next()])).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test('an error comes after what had come, once', async () => {
  const queue = new EventQueue<number>(() => undefined);
  queue.push(1);
  queue.end(new Error('lost'));
  const seen: number[] = [];
  const all = async () => {
    for await (const event of queue) seen.push(event);
  };
  await expect(all()).rejects.toThrow('lost');
  expect(seen).toEqual([1]);
  expect(await queue.next()).toMatchObject({ done: true });
});

test('leaving the loop is told', async () => {
  let left = 0;
  const queue = new EventQueue<number>(() => left++);
  queue.push(1);
  queue.push(2);
  for await (const event of queue) {
    expect(event).toBe(1);
    break;
  }
  expect(left).toBe(1);
  expect(await queue.next()).toMatchObject({ done: true });
});
