import { Profile } from '@mars/core';
import { expect, test } from 'vitest';
import { parseProfileFile, readProfile, writeProfile, type ProfileStorage } from './kept-profile.ts';

const PROFILE = JSON.parse(
  JSON.stringify(
    new Profile({ space: 's', model: 'transfer', clips: 3, labelled: 0, mean: Float32Array.of(1, 2) }),
  ),
) as object;

const KEPT = { json: PROFILE, learntAt: '2026-11-23T00:00:00.000Z', isOn: true };

function storage(): ProfileStorage & { readonly map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

test('what is kept comes back, and is gone when it is deleted', () => {
  const browser = storage();
  expect(readProfile(browser)).toBeNull();
  expect(writeProfile(browser, KEPT)).toBe('browser');
  expect(readProfile(browser)).toEqual(KEPT);
  expect(writeProfile(browser, null)).toBe('browser');
  expect(readProfile(browser)).toBeNull();
  expect(browser.map.size).toBe(0);
});

test('a storage that is full or forbidden is no error, but said', () => {
  const full = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  expect(writeProfile({ ...storage(), setItem: full }, KEPT)).toBe('page');
  expect(writeProfile(undefined, KEPT)).toBe('page');
  expect(readProfile(undefined)).toBeNull();
  expect(readProfile({ ...storage(), getItem: full })).toBeNull();
});

test.each(['{', '7', '{"json":{"format":"another"}}'])(
  '%s in the storage is as if nothing was kept',
  (text) => {
    const browser = storage();
    browser.map.set('mars.profile', text);
    expect(readProfile(browser)).toBeNull();
  },
);

test('a file is a profile for this model, or says why not', () => {
  expect(parseProfileFile(JSON.stringify(PROFILE), 'transfer')).toEqual(PROFILE);
  expect(() => parseProfileFile(JSON.stringify(PROFILE), 'other')).toThrow(/"transfer".*"other"/);
  expect(() => parseProfileFile('a letter', 'transfer')).toThrow(/no profile/);
  expect(() => parseProfileFile('{"format":"mars-profile","version":9}', 'transfer')).toThrow(/version/);
});
