import { MarsError } from '@mars/core';
import { expect, test } from 'vitest';
import { classifyConfig } from './schemas.ts';
import { checked, fromQuery } from './validation.ts';

test.each([
  [{}, {}],
  [
    { top: '3', timeline: 'true', channels: 'split' },
    { top: 3, timeline: true, channels: 'split' },
  ],
  [
    { startSec: '0.5', explain: 'false' },
    { startSec: 0.5, explain: false },
  ],
])('the query %j is %j', (query, config) => {
  expect(checked(classifyConfig, fromQuery(classifyConfig, query), 'query')).toEqual(config);
});

test.each([
  { top: '' },
  { top: '1e3' },
  { top: ['1', '2'] },
  { timeline: '' },
  { timeline: '1' },
  { channels: 'left' },
  { unknown: '1' },
  { startSec: '-1' },
  { windowSec: '0' },
  { constructor: '1' },
  { toString: 'x' },
] as Record<string, unknown>[])('the query %j is refused', (query) => {
  expect(() => checked(classifyConfig, fromQuery(classifyConfig, query), 'query')).toThrow(MarsError);
});

test.each([null, undefined, 1, 'x', []])('%s is no config', (value) => {
  expect(() => checked(classifyConfig, value, 'config')).toThrow(MarsError);
});

test('an unknown field is named, not repeated at length, and the known ones are', () => {
  const long = 'x'.repeat(10_000);
  let message = '';
  try {
    checked(classifyConfig, { [long]: 1 }, 'config');
  } catch (error) {
    ({ message } = error as Error);
  }
  expect(message).toContain('expected are timeline, top');
  expect(message.length).toBeLessThan(500);
});
