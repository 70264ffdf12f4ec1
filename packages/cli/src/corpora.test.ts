import { expect, test } from 'vitest';
import { parseCorpus } from './corpora.ts';

test.each([
  ['ravdess=/data/ravdess', { name: 'ravdess', path: '/data/ravdess' }],
  ['mine=a=b,c.csv', { name: 'mine', path: 'a=b,c.csv' }],
  ['mine=/data/mine,labels=my map.json', { name: 'mine', path: '/data/mine', labels: 'my map.json' }],
])('%s', (spec, expected) => {
  expect(parseCorpus(spec)).toEqual(expected);
});

test.each(['', 'ravdess', 'ravdess=', '=/data'])('"%s" is no corpus', (spec) => {
  expect(() => parseCorpus(spec)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
